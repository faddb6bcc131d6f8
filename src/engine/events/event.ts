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
