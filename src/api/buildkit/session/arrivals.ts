import { EventEmitter, once } from 'node:events';
import { unavailable } from '#lib/errors';

/** What clients bring over one connection and builds wait for on another, by the ids that the clients chose. */
export class Arrivals<T> {
  readonly #what: string;
  readonly #patience: number;
  readonly #there = new Map<string, T>();
  readonly #came = new EventEmitter().setMaxListeners(0);

  /** `patience`: how long one waits, in milliseconds. */
  constructor(what: string, patience: number) {
    this.#what = what;
    this.#patience = patience;
  }

  has(id: string): boolean {
    return this.#there.has(id);
  }

  put(id: string, value: T): void {
    this.#there.set(id, value);
    this.#came.emit(`id ${id}`);
  }

  delete(id: string): void {
    this.#there.delete(id);
  }

  /** @throws unavailable when it does not come */
  async get(id: string, signal: AbortSignal): Promise<T> {
    const known = this.#there.get(id);
    if (known !== undefined) return known;
    const patience = AbortSignal.any([signal, AbortSignal.timeout(this.#patience)]);
    await once(this.#came, `id ${id}`, { signal: patience }).catch(() => {});
    const come = this.#there.get(id);
    if (come === undefined) throw unavailable(`${this.#what} "${id}" did not come`);
    return come;
  }
}
