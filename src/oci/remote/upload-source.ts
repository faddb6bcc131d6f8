import { Readable } from 'node:stream';

/** A body that remembers why it failed: to HTTP it is only a broken connection. */
export class Source {
  readonly #content: AsyncIterable<Uint8Array>;
  #failure: { readonly error: unknown } | undefined;

  constructor(content: AsyncIterable<Uint8Array>) {
    this.#content = content;
  }

  async whileSending<T>(send: (body: Readable) => Promise<T>): Promise<T> {
    const body = Readable.from(this.#watched(), { objectMode: false });
    try {
      return await send(body);
    } catch (error) {
      throw this.#failure ? this.#failure.error : error;
    } finally {
      body.destroy();
    }
  }

  async *#watched(): AsyncGenerator<Uint8Array, void> {
    try {
      for await (const chunk of this.#content) yield chunk;
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }
}
