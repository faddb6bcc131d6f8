import type { Logger } from '#lib/log';
import type { CgroupReadiness } from '#linux/cgroups';
import type { Spawner } from '#linux/process';
import type { RuntimeBinaries } from './binary.ts';
import type { Container } from './container.ts';
import type { ExitDirectory } from './exits.ts';
import type { Guarded } from './guarded.ts';
import type { Paths } from './paths.ts';
import type { SealedRuntimes } from './sealed-runtimes.ts';

/** What every verb of this folder works with. */
export interface RuntimeContext {
  readonly paths: Paths;
  readonly binaries: RuntimeBinaries;
  /** By what path they are executed. */
  readonly sealed: SealedRuntimes;
  readonly conmon: string;
  readonly spawner: Spawner;
  /** For containers in a user namespace. */
  readonly guarded: Guarded;
  readonly exits: ExitDirectory;
  readonly readiness: CgroupReadiness;
  readonly systemdCgroup: boolean;
  /** Containers have no cgroups: this engine may not make any. */
  readonly withoutCgroups: boolean;
  readonly log: Logger;
  /** Those that have been created or adopted and not yet deleted. */
  readonly containers: Map<string, Container>;
}
