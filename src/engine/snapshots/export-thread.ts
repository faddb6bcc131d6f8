// A thread that writes the tar of a tree: the changes of an upper directory, or all of a merged one.
import { serveStream } from '#lib/thread-stream';
import type { IdMap } from '#linux/ids';
import { chrootThread } from '#linux/worker';
import { diffLayer, packTree } from '#oci/layer';
import { changesOf } from './changes.ts';
import { DirectorySource } from './directory-source.ts';
import { withoutMountPoints } from './mount-points.ts';

export interface ExportInput {
  readonly root: string;
  /** With lowers: only what differs from these, whiteouts included. */
  readonly lowers?: readonly string[];
  /** Left out of the changes: see `withoutMountPoints`. */
  readonly mountPoints?: readonly string[];
  /** Paths that are no members of a whole tree's tar. */
  readonly leftOut?: readonly string[];
  /** How owners show at the root. */
  readonly idMap?: IdMap;
}

function open({
  root,
  lowers,
  mountPoints = [],
  leftOut = [],
  idMap,
}: ExportInput): AsyncGenerator<Buffer, void> {
  const changes = lowers && withoutMountPoints([...changesOf(root, lowers)], root, mountPoints);
  // A running container may swap directories for symlinks while we read: all paths stay below the root.
  chrootThread(root);
  const source = new DirectorySource('/', idMap);
  return changes ? diffLayer(changes, source) : packTree(members(source, new Set(leftOut)), source);
}

function* members(source: DirectorySource, leftOut: ReadonlySet<string>): Generator<{ path: string }, void> {
  for (const path of source.walk()) if (!leftOut.has(path)) yield { path };
}

await serveStream(open);
