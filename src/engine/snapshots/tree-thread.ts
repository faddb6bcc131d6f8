// A thread that walks trees: it would hold up the event loop.

import { serve } from '#lib/thread';
import { changesOf } from './changes.ts';
import { inherit } from './inherit.ts';
import { withoutMountPoints } from './mount-points.ts';
import { type PackInput, pack } from './pack.ts';
import type { Change, PackedChanges, Usage } from './snapshots.ts';
import { usageOf } from './usage.ts';

// A type, for it must have an index signature.
export type TreeJobs = {
  usage(directory: string): Usage;
  /** See `withoutMountPoints`. */
  changes(upper: string, lowers: readonly string[], mountPoints: readonly string[]): Change[];
  /** See `packChanges`. Nothing else uses the snapshot. */
  pack(input: PackInput): Promise<PackedChanges>;
  inherit(tree: string, paths: readonly string[], lowers: readonly string[]): void;
};

const jobs: TreeJobs = {
  usage: usageOf,
  changes: (upper, lowers, mountPoints) =>
    withoutMountPoints([...changesOf(upper, lowers)], upper, mountPoints)
      .map(({ path, kind }) => ({ path: `/${path}`, kind }))
      .sort((a, b) => (a.path < b.path ? -1 : 1)),
  pack,
  inherit,
};

serve(jobs);
