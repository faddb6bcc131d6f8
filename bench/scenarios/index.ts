import type { EngineApi } from '../engine-api.ts';
import type { Measurement } from '../measurement.ts';
import type { Peer } from '../peer.ts';
import { idle } from './idle.ts';
import { apiCycle, commandRun, exec, list } from './latency.ts';
import { logs } from './logs.ts';
import { inFlight } from './throughput.ts';
import { unpack } from './unpack.ts';

export interface Material {
  readonly api: EngineApi;
  /** A docker archive of a whole Debian; undefined when it is not wanted. */
  readonly debian: string | undefined;
}

/** One round of a measurement of an engine. */
export type Scenario = (peer: Peer, material: Material) => Promise<Measurement[]>;

export const scenarios: Readonly<Record<string, Scenario>> = {
  commandRun,
  apiCycle,
  exec,
  list,
  inFlight,
  logs,
  unpack,
  idle,
};
