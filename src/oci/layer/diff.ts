import { TAR_END, tarHeader } from '#oci/tar';
import { Packer } from './pack.ts';
import { parentOf } from './path.ts';
import type { Change, TreeSource } from './source.ts';
import { opaqueOf, whiteoutOf } from './whiteout.ts';

/**
 * The tar (uncompressed) of a layer that makes these changes. Its order depends on their paths only:
 * directories before what is in them. Directories that lead to a change are put in even if they are not
 * among the changes, for whoever unpacks the layer would else invent their mode and owner.
 */
export async function* diffLayer(
  changes: Iterable<Change> | AsyncIterable<Change>,
  source: TreeSource,
  signal?: AbortSignal,
): AsyncGenerator<Buffer, void> {
  const packer = new Packer(source);
  for (const change of await inOrder(changes)) {
    signal?.throwIfAborted();
    if (change.kind === 'deleted') {
      yield mark(whiteoutOf(change.path));
      continue;
    }
    yield* packer.member(change.path, change.path);
    if (change.opaque) yield mark(opaqueOf(change.path));
  }
  yield TAR_END;
}

const mark = (path: string): Buffer => tarHeader({ path, type: 'file', mode: 0 });

async function inOrder(changes: Iterable<Change> | AsyncIterable<Change>): Promise<Change[]> {
  const all = new Map<string, Change>();
  for await (const change of changes) all.set(change.path, change);
  for (const path of all.keys()) {
    for (let parent = parentOf(path); parent !== '' && !all.has(parent); parent = parentOf(parent)) {
      all.set(parent, { path: parent, kind: 'modified' });
    }
  }
  return [...all.values()].sort((a, b) => comparePaths(a.path, b.path));
}

/** By components, so that a directory's content follows it at once: `a`, `a/b`, `a-b`. */
function comparePaths(a: string, b: string): number {
  const left = a.replaceAll('/', '\0');
  const right = b.replaceAll('/', '\0');
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
