import type { LogOptions } from '../config.ts';
import type { LogSource } from '../source.ts';

/** A line of a container's output, or a piece of a very long one. */
export interface Message {
  readonly stream: 'stdout' | 'stderr';
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
  /** Without its newline. */
  readonly line: Buffer;
  /** The line is cut into pieces: which one this is, counted from 1. */
  readonly partial?: Piece | undefined;
}

export interface Piece {
  /** The same for all pieces of a line. */
  readonly id: string;
  readonly ordinal: number;
  readonly last: boolean;
}

/** When a delivery that failed is tried again. */
export interface RetryPolicy {
  /** Milliseconds before the nth attempt, counted from 1. */
  delay(attempt: number): number;
  /** After so many in a row what could not be delivered is given up; Infinity: never. */
  readonly attempts: number;
}

/** A way to a receiver, for one container. It connects when it is used, and again when it is used after it disconnected. */
export interface Sink {
  readonly retry: RetryPolicy;
  /** Connects, if that can be told from sending. @throws whatever keeps it from doing so */
  connect(signal: AbortSignal): Promise<void>;
  /**
   * Hands messages over in order, calling `delivered` with the number of those that the receiver has,
   * as far as its protocol tells. @throws whatever broke; those not delivered are to be sent again
   */
  send(messages: readonly Message[], delivered: (count: number) => void, signal: AbortSignal): Promise<void>;
  disconnect(): Promise<void>;
}

/** A log driver of Docker's that delivers to somebody else. */
export interface LogDriver {
  /** Its own options and those that it shares. */
  readonly options: readonly string[];
  /** Checks the values. @throws invalid, unsupported */
  validate(options: LogOptions): void;
  /** @throws invalid when a file that an option names cannot be read */
  open(options: LogOptions, source: LogSource): Sink;
}

/** Doubling from a quarter of a second to half a minute, for ever. */
export const PATIENT: RetryPolicy = {
  delay: (attempt) => Math.min(250 * 2 ** (attempt - 1), 30_000),
  attempts: Number.POSITIVE_INFINITY,
};

/** Severities of syslog, GELF and journald. */
export const severity = ({ stream }: Message): 3 | 6 => (stream === 'stderr' ? 3 : 6);
