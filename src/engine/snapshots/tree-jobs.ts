import type { Change, Usage } from './snapshots.ts';

/** What the tree thread does: walks that would hold up the event loop. */
export interface TreeJobs {
  usage(directory: string): Usage;
  /** See `withoutMountPoints`. */
  changes(upper: string, lowers: readonly string[], mountPoints: readonly string[]): Change[];
  /** Missing is fine. */
  remove(path: string): void;
}
