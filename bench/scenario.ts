import type { EngineContender, FloorContender } from './contender.ts';
import type { Measurement } from './measurement.ts';

/** One part of a round: what a contender did in it. */
export type Measured = Promise<readonly Measurement[]>;

/** Rows of the table that are measured together. */
export interface Scenario {
  /** So many times each contender has its turn. */
  readonly rounds: number;
  /** The first round is thrown away: caches fill. */
  readonly warmsUp?: boolean;
  /** Milliseconds after which a contender's turn is ended. */
  readonly patience: number;
  /** A turn; undefined when it is nothing for this contender. */
  readonly engine: (contender: EngineContender, signal: AbortSignal) => Measured | undefined;
  /** A turn of the floor, where it can do something like it. */
  readonly floor?: (floor: FloorContender, signal: AbortSignal) => Measured;
}
