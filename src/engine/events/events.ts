import type { Counter } from '#lib/metrics';
import { nowNano } from '#lib/time';
import type { Database, Journal } from '#store';
import type { EngineEvent, EventQuery, EventType } from './event.ts';
import { Subscription } from './subscription.ts';

/** Events kept for `since`, in number. */
const HISTORY = 1000;

/** JSON has no 64-bit integers. */
type StoredEvent = Omit<EngineEvent, 'time'> & { readonly time: string };

export class Events {
  readonly #database: Database;
  readonly #journal: Journal<StoredEvent>;
  readonly #readers = new Set<Subscription>();
  readonly #published: Counter | undefined;

  /** @param published counts them */
  constructor(database: Database, published?: Counter) {
    this.#database = database;
    this.#published = published;
    this.#journal = database.journal<StoredEvent>('events', HISTORY);
  }

  /** Stores and announces. Inside a transaction it is part of it: nobody hears of what was rolled back. */
  publish(type: EventType, action: string, id: string, attributes: Readonly<Record<string, string>>): void {
    const event: EngineEvent = { type, action, actor: { id, attributes }, time: nowNano() };
    this.#journal.append({ ...event, time: event.time.toString() });
    this.#database.afterCommit(() => {
      this.#published?.increment();
      for (const reader of this.#readers) reader.offer(event);
    });
  }

  /** How many follow. */
  get listeners(): number {
    return this.#readers.size;
  }

  /**
   * Past ones of the query, then live ones, in order; ends at `until`, when the signal aborts, or with the engine.
   * A slow reader loses the oldest beyond a bound, never blocks others.
   */
  subscribe(query: EventQuery, signal: AbortSignal): AsyncIterable<EngineEvent> {
    const subscription = new Subscription(query, signal, this.#readers);
    // Synchronous, so that no event can fall between the past and the present.
    if (query.since !== undefined || query.until !== undefined) {
      for (const event of this.#history()) {
        if (event.time >= (query.since ?? 0n)) subscription.offer(event);
      }
    }
    return subscription;
  }

  /** Ends all subscriptions: a reader whose `until` is far away would keep the process from ending. */
  close(): void {
    for (const reader of this.#readers) reader.end();
  }

  #history(): EngineEvent[] {
    return this.#journal.all().map((stored) => ({ ...stored, time: BigInt(stored.time) }));
  }
}
