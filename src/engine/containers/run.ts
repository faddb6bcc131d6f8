import { messageOf, unavailable } from '#lib/errors';
import type { Logger } from '#lib/log';
import { Scope } from '#lib/scope';

/** setTimeout's. Milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * One run of a container, from its start (or its adoption) to its exit: what has to be given back
 * afterwards, and the news that it ended.
 */
export class Run {
  readonly id: string;
  readonly #log: Logger;
  /** The engine has let go of its containers. */
  readonly #closed: AbortSignal;
  readonly #scope = new Scope();
  readonly #ended = new AbortController();
  readonly #exit = Promise.withResolvers<void>();
  #released: Promise<void> | undefined;
  /** A user restarts it: neither its restart policy nor auto-removal act on this exit. */
  replaced = false;

  constructor(id: string, { log, closed }: { readonly log: Logger; readonly closed: AbortSignal }) {
    this.id = id;
    this.#log = log;
    this.#closed = closed;
  }

  /** Aborts when the exit is on record. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /**
   * Resolves when the exit is on record; false when `timeout` (ms) was over before.
   * @throws unavailable when the engine lets go of the container
   */
  async waitEnded(timeout?: number): Promise<boolean> {
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    const timer =
      timeout === undefined ? undefined : setTimeout(resolve, Math.min(timeout, LONGEST_TIMER), false);
    const onClosed = () => reject(unavailable('the engine is shutting down'));
    this.#closed.addEventListener('abort', onClosed);
    if (this.#closed.aborted) onClosed();
    void this.#exit.promise.then(() => resolve(true));
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#closed.removeEventListener('abort', onClosed);
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
