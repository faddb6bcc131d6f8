// CONTRACT
import type { Database } from '#store';
export type EventType = 'container' | 'image' | 'volume' | 'network' | 'daemon' | 'builder';
export interface EngineEvent {
  readonly type: EventType;
  /** `create`, `start`, `die`, `exec_start: sh`, `health_status: healthy`... Docker's names. */
  readonly action: string;
  readonly actor: { readonly id: string; readonly attributes: Readonly<Record<string, string>> };
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
}
export interface EventQuery {
  /** Nanoseconds; history from here on (the last 1,000 events are kept, across restarts). */
  readonly since?: bigint;
  /** Ends the stream at this instant. */
  readonly until?: bigint;
  readonly matches?: (event: EngineEvent) => boolean;
}
export declare class Events {
  constructor(database: Database);
  /** Stores and announces. Call it inside the transaction that changes the metadata. */
  publish(type: EventType, action: string, id: string, attributes: Readonly<Record<string, string>>): void;
  /** Past ones of the query, then live ones. A slow reader loses the oldest beyond a bound, never blocks others. */
  subscribe(query: EventQuery, signal: AbortSignal): AsyncIterable<EngineEvent>;
}
