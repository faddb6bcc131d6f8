// A thread that walks trees: it would hold up the event loop.

import { createHash } from 'node:crypto';
import { closeSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { serve } from '#lib/thread';
import { diffLayer, fsPath } from '#oci/layer';
import { changesOf } from './changes.ts';
import { DirectorySource } from './directory-source.ts';
import { inherit } from './inherit.ts';
import { withoutMountPoints } from './mount-points.ts';
import type { Change, PackedChanges, Usage } from './snapshots.ts';
import { usageOf } from './usage.ts';

// A type, for it must have an index signature.
export type TreeJobs = {
  usage(directory: string): Usage;
  /** See `withoutMountPoints`. */
  changes(upper: string, lowers: readonly string[], mountPoints: readonly string[]): Change[];
  /** Writes the changes to a file as a layer tar, and takes away what was only mounted on. Nothing else uses `upper`. */
  pack(
    upper: string,
    lowers: readonly string[],
    mountPoints: readonly string[],
    path: string,
  ): Promise<PackedChanges>;
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

async function pack(
  upper: string,
  lowers: readonly string[],
  mountPoints: readonly string[],
  path: string,
): Promise<PackedChanges> {
  const all = [...changesOf(upper, lowers)];
  const changes = withoutMountPoints(all, upper, mountPoints);
  const kept = new Set(changes.map((change) => change.path));
  const hash = createHash('sha256');
  const file = openSync(path, 'wx', 0o600);
  try {
    for await (const chunk of diffLayer(changes, new DirectorySource(upper))) {
      hash.update(chunk);
      for (let at = 0; at < chunk.length; ) at += writeSync(file, chunk, at);
    }
  } finally {
    closeSync(file);
  }
  for (const change of all.toReversed()) {
    if (change.kind === 'added' && !kept.has(change.path)) removeHollow(`${upper}/${change.path}`);
  }
  return { diffId: `sha256:${hash.digest('hex')}`, ...usageOf(upper) };
}

/** An empty file or directory. */
function removeHollow(path: string): void {
  try {
    rmdirSync(fsPath(path));
  } catch {
    rmSync(fsPath(path), { force: true });
  }
}

serve(jobs);
