import type { Readable } from 'node:stream';
import { conflict, notFound } from '#lib/errors';
import { Arrivals } from './session/arrivals.ts';

interface Upload {
  readonly body: Readable;
  readonly done: () => void;
}

/** Builds by the ids that their clients chose: who cancels one, or sends its context aside, names it. */
export class BuildJobs {
  readonly #running = new Map<string, AbortController>();
  readonly #uploads = new Arrivals<Upload>('the archive for build', 10_000);

  /** @throws conflict when a build of that id goes on */
  begin(id: string): Disposable & { readonly signal: AbortSignal } {
    if (id !== '' && this.#running.has(id)) throw conflict(`build ${id} is under way already`);
    const controller = new AbortController();
    if (id !== '') this.#running.set(id, controller);
    return {
      signal: controller.signal,
      [Symbol.dispose]: () => {
        if (id !== '') this.#running.delete(id);
      },
    };
  }

  /** @throws notFound */
  cancel(id: string): void {
    const running = this.#running.get(id);
    if (!running) throw notFound(`no build of the id ${id} is under way`);
    running.abort();
  }

  /** The archive for the build of that id; ends when it is read. */
  async upload(id: string, body: Readable): Promise<void> {
    const read = Promise.withResolvers<void>();
    body.once('close', read.resolve);
    this.#uploads.put(id, { body, done: read.resolve });
    await read.promise;
    this.#uploads.delete(id);
  }

  /** What `upload` brings. @throws unavailable when it does not come */
  async uploaded(id: string, signal: AbortSignal): Promise<Readable> {
    const { body, done } = await this.#uploads.get(id, signal);
    return body.once('end', done);
  }
}
