import { bodyOf } from '../errors.ts';
import type { Sink } from './sink.ts';

/** A stream of JSON documents. Begun, an error can only travel inside it. */
export class JsonLines {
  readonly #begin: () => Sink;
  readonly #newline: string;
  #sink: Sink | undefined;

  /** `newline`: what ends a document; JSON Lines know one only, Docker's progress has always had another. */
  constructor(begin: () => Sink, newline: '\n' | '\r\n' = '\r\n') {
    this.#begin = begin;
    this.#newline = newline;
  }

  get begun(): boolean {
    return this.#sink !== undefined;
  }

  /** Sends the headers now, before there is anything to say. */
  begin(): void {
    this.#sink ??= this.#begin();
  }

  async write(document: unknown): Promise<void> {
    this.begin();
    await this.#sink?.write(Buffer.from(`${JSON.stringify(document)}${this.#newline}`));
  }

  end(): void {
    this.begin();
    this.#sink?.end();
  }

  /** Docker's form of an error after the status has left. */
  async fail(error: unknown): Promise<void> {
    const { message } = bodyOf(error);
    await this.write({ errorDetail: { message }, error: message });
  }
}
