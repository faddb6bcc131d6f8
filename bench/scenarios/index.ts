import { DEBIAN } from '../debian.ts';
import type { Scenario } from '../scenario.ts';
import { SMALL_FILES } from '../small-files.ts';
import { apiCycle } from './api-cycle.ts';
import { builds } from './build/index.ts';
import { exec, list, run, runAlone } from './commands.ts';
import { idle } from './idle.ts';
import { inFlight } from './in-flight.ts';
import { load } from './load.ts';
import { logs } from './logs.ts';
import { network } from './network/index.ts';

export interface Choices {
  /** How many idle containers. */
  readonly idle: number;
  /** Where what takes long to make is kept. */
  readonly cache: string;
  /** A docker archive of a whole Debian, and the tar that is its layer: made when they are needed. */
  readonly debian: () => Promise<{ archive: string; tar: string }>;
  /** The same of an image of small files. */
  readonly smallFiles: () => Promise<{ archive: string; tar: string }>;
}

/** In the table's order, by the names that `--rows` takes. */
export const scenarios = (choices: Choices): Readonly<Record<string, Scenario>> => ({
  run,
  'run-alone': runAlone,
  api: apiCycle,
  exec,
  ps: list,
  'in-flight-8': inFlight(8),
  'in-flight-32': inFlight(32),
  idle: idle(choices.idle),
  logs,
  load: load({ what: 'a whole Debian', name: DEBIAN, files: choices.debian }),
  'small-files': load({ what: '50,000 small files', name: SMALL_FILES, files: choices.smallFiles }),
  ...builds(choices.cache),
  ...network,
});
