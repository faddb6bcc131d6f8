import { nowNano } from '#lib/time';
import type { EngineEvent, EventQuery } from './event.ts';

/** Events that may wait for a reader: all of the history and a burst as long. */
const BOUND = 2048;
/** setTimeout fires at once when it is asked for more than 2^31 ms. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** One reader's queue. */
export class Subscription implements AsyncIterable<EngineEvent> {
  readonly #query: EventQuery;
  readonly #readers: Set<Subscription>;
  readonly #signal: AbortSignal;
  #waiting: EngineEvent[] = [];
  #wake: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** Joins `readers`, and leaves it when it ends. */
  constructor(query: EventQuery, signal: AbortSignal, readers: Set<Subscription>) {
    this.#query = query;
    this.#signal = signal;
    this.#readers = readers;
    if (signal.aborted) {
      this.#closed = true;
      return;
    }
    readers.add(this);
    signal.addEventListener('abort', this.#abort, { once: true });
    if (query.until !== undefined) this.#armTimer(query.until);
  }

  /** Queues it if the query wants it. Also after the end, for what happened before. */
  offer(event: EngineEvent): void {
    const { until, matches } = this.#query;
    if (this.#signal.aborted) return;
    if (until !== undefined && event.time > until) return;
    if (matches && !matches(event)) return;
    if (this.#waiting.length >= BOUND) this.#waiting.shift();
    this.#waiting.push(event);
    this.#wake?.();
  }

  /** Nothing comes any more; what waits is still delivered. */
  end(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#signal.removeEventListener('abort', this.#abort);
    this.#readers.delete(this);
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<EngineEvent, void> {
    try {
      for (;;) {
        const next = this.#waiting.shift();
        if (next) yield next;
        else if (this.#closed) return;
        else await this.#news();
      }
    } finally {
      this.end();
    }
  }

  async #news(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
    this.#wake = undefined;
  }

  #armTimer(until: bigint): void {
    const left = Number((until - nowNano()) / 1_000_000n);
    if (left <= 0) {
      this.end();
      return;
    }
    this.#timer = setTimeout(() => this.#armTimer(until), Math.min(left + 1, LONGEST_TIMER));
  }

  /** The reader has gone: what still waits is for nobody. */
  readonly #abort = () => {
    this.#waiting = [];
    this.end();
  };
}
