import { messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';
import type { ReadyNamespace } from './netns.ts';

/** While some are left, new ones wait until the start that took one is likely over: it needs the processors more. */
const REFILL_MS = 20;
/** After a failure the pool waits so long before it tries again; starts build their own meanwhile. */
const RETRY_MS = 5_000;

/** Ready-made namespaces, on no network yet, made one at a time in the background as they are taken. */
export class NamespacePool {
  readonly #size: number;
  readonly #build: () => Promise<ReadyNamespace>;
  readonly #log: Logger;
  readonly #ready: ReadyNamespace[] = [];
  #filling: Promise<void> | undefined;
  #waiting: ((ready: ReadyNamespace | undefined) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: { size: number; build: () => Promise<ReadyNamespace>; log: Logger }) {
    this.#size = options.size;
    this.#build = options.build;
    this.#log = options.log;
  }

  /** One that is ready, or the one that is just being made; else none: the caller makes its own. */
  async take(): Promise<ReadyNamespace | undefined> {
    const ready = this.#ready.shift();
    this.#fillAfter(this.#ready.length > 0 ? REFILL_MS : 0);
    if (ready || !this.#filling || this.#waiting) return ready;
    const { promise, resolve } = Promise.withResolvers<ReadyNamespace | undefined>();
    this.#waiting = resolve;
    return await promise;
  }

  /** Begins to fill up in the background. */
  fill(): void {
    if (this.#closed || this.#filling || this.#ready.length >= this.#size) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#filling = this.#fill();
  }

  /** Resolves when the pool is full, or has given up for now. */
  async settled(): Promise<void> {
    if (!this.#filling) this.fill();
    await this.#filling;
  }

  /** No more are made. Those that were ready are the caller's to remove. */
  async close(): Promise<readonly ReadyNamespace[]> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#filling;
    return this.#ready.splice(0);
  }

  #fillAfter(ms: number): void {
    if (this.#closed || this.#timer) return;
    if (ms === 0) this.fill();
    else this.#timer = setTimeout(() => this.fill(), ms).unref();
  }

  async #fill(): Promise<void> {
    while (!this.#closed && this.#ready.length < this.#size) {
      try {
        this.#offer(await this.#build());
      } catch (error) {
        this.#log.warn('could not prepare a network namespace ahead', { error: messageOf(error) });
        this.#fillAfter(RETRY_MS);
        break;
      }
    }
    this.#filling = undefined;
    this.#offer(undefined);
  }

  #offer(ready: ReadyNamespace | undefined): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting(ready);
    else if (ready) this.#ready.push(ready);
  }
}
