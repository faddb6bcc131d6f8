import { messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';
import { Scope } from '#lib/scope';

/**
 * One run of a container, from its start (or its adoption) to its exit: what has to be given back
 * afterwards, and the news that it ended.
 */
export class Run {
  readonly id: string;
  readonly #log: Logger;
  readonly #scope = new Scope();
  readonly #ended = new AbortController();
  readonly #exit = Promise.withResolvers<void>();
  #released: Promise<void> | undefined;
  /** A user restarts it: neither its restart policy nor auto-removal act on this exit. */
  replaced = false;

  constructor(id: string, log: Logger) {
    this.id = id;
    this.#log = log;
  }

  /** Aborts when the exit is on record. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Resolves when the exit is on record; false when `timeout` (ms) was over before. */
  async waitEnded(timeout?: number): Promise<boolean> {
    if (timeout === undefined) {
      await this.#exit.promise;
      return true;
    }
    const expired = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => expired.resolve(false), Math.min(timeout, 2 ** 31 - 1));
    try {
      return await Promise.race([this.#exit.promise.then(() => true), expired.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Registers how to give something back. A step that fails is logged: the next sweep finds what it left. */
  defer(what: string, undo: () => void | Promise<void>): void {
    this.#scope.defer(async () => {
      try {
        await undo();
      } catch (error) {
        this.#log.warn(`cannot ${what}`, { container: this.id, error: messageOf(error) });
      }
    });
  }

  end(): void {
    this.#ended.abort();
    this.#exit.resolve();
  }

  /** Gives everything back, once, however often it is called. */
  release(): Promise<void> {
    this.#released ??= this.#scope[Symbol.asyncDispose]();
    return this.#released;
  }
}
