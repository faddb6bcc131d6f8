import type { Peer } from '../peer.ts';
import { idle } from './idle.ts';
import { apiCycle, commandRun, exec, list } from './latency.ts';
import { logs } from './logs.ts';
import { inFlight } from './throughput.ts';
import { unpack } from './unpack.ts';

/** One row of the table. */
export interface Row {
  readonly what: string;
  readonly unit: 'ms' | 's' | '/s' | 'MB' | 'MB/s';
  readonly value: number;
}

export interface Material {
  /** A docker archive of a whole Debian. */
  readonly debian: string;
  /** Scales the number of repetitions. */
  readonly rounds: number;
}

export type Scenario = (peer: Peer, material: Material) => Promise<Row[]>;

export const scenarios: Readonly<Record<string, Scenario>> = {
  commandRun,
  apiCycle,
  exec,
  list,
  inFlight,
  idle,
  logs,
  unpack,
};
