import type { Readable } from 'node:stream';
import { conflict, notFound, unavailable } from '#lib/errors';

/** How long a build waits for what its client sends with another request, in milliseconds. */
const PATIENCE = 10_000;

interface Upload {
  readonly body: Readable;
  readonly done: () => void;
}

/** Builds by the ids that their clients chose: who cancels one, or sends its context aside, names it. */
export class BuildJobs {
  readonly #running = new Map<string, AbortController>();
  readonly #uploads = new Map<string, PromiseWithResolvers<Upload>>();

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
    this.#upload(id).resolve({ body, done: read.resolve });
    body.once('close', read.resolve);
    await read.promise;
    this.#uploads.delete(id);
  }

  /** What `upload` brings. @throws unavailable when it does not come */
  async uploaded(id: string, signal: AbortSignal): Promise<Readable> {
    const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
    const missing = new Promise<never>((_, reject) => {
      patience.addEventListener('abort', () => {
        this.#uploads.delete(id);
        reject(unavailable(`the archive for build ${id} did not come`));
      });
    });
    const { body, done } = await Promise.race([this.#upload(id).promise, missing]);
    body.once('end', done);
    return body;
  }

  #upload(id: string): PromiseWithResolvers<Upload> {
    const known = this.#uploads.get(id);
    if (known) return known;
    const upload = Promise.withResolvers<Upload>();
    this.#uploads.set(id, upload);
    return upload;
  }
}
