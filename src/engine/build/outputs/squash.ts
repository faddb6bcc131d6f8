import { posix } from 'node:path';
import type { BuiltLayer } from '#engine/images';
import { threadStream } from '#lib/thread-stream';
import { type Change, cleanPath } from '#oci/layer';
import { TarReader } from '#oci/tar';
import { DiskTree } from '../files/disk-tree.ts';
import type { SquashInput } from '../files/squash-thread.ts';
import { childPath, parentPath, type Tree } from '../files/tree.ts';
import type { BuildSession } from '../session.ts';
import { mountFilesystem } from '../sources/mount-filesystem.ts';

const thread = new URL('../files/squash-thread.ts', import.meta.url);

/** One layer that does what all layers above the base do together. */
export async function squash(
  session: BuildSession,
  base: readonly BuiltLayer[],
  layers: readonly BuiltLayer[],
): Promise<BuiltLayer[]> {
  const added = layers.slice(base.length);
  if (added.length < 2) return [...layers];
  const touched = new Touched();
  for (const layer of added) await touched.read(session.images.readLayer(layer, session.signal));
  await using before = await mountFilesystem(session, { layers: base, created: '' });
  await using after = await mountFilesystem(session, { layers, created: '' });
  const changes = [...changesAt(touched, new DiskTree(before.path), new DiskTree(after.path))];
  const tar = threadStream<SquashInput>(thread, { root: after.path, changes });
  const layer = await session.images.addLayer(session.work, base, tar, session.signal);
  return layer ? [...base, layer] : [...base];
}

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';

/** Paths that layers say anything about. */
class Touched {
  readonly paths = new Set<string>();
  /** Of what was there before nothing shows through below these, but what is named again. */
  readonly covered = new Set<string>();

  async read(tar: AsyncIterable<Uint8Array>): Promise<void> {
    const reader = new TarReader({
      entry: ({ path, type }) => this.#add(cleanPath(path, 'layer entry'), type === 'directory'),
      body: () => {},
      end: () => {},
    });
    for await (const chunk of tar) reader.push(chunk);
    reader.close();
  }

  #add(path: string, directory: boolean): void {
    const name = posix.basename(path);
    const parent = posix.dirname(path) === '.' ? '' : posix.dirname(path);
    if (name === OPAQUE) this.covered.add(parent);
    else if (name.startsWith(WHITEOUT)) this.#replace(childPath(parent, name.slice(WHITEOUT.length)));
    else if (directory) this.paths.add(path);
    else this.#replace(path);
  }

  #replace(path: string): void {
    this.paths.add(path);
    this.covered.add(path);
  }
}

/** How the tree differs at these paths. */
export function* changesAt(
  { paths, covered }: Pick<Touched, 'paths' | 'covered'>,
  before: Tree,
  after: Tree,
): Generator<Change, void> {
  for (const path of paths) {
    if (path === '') continue;
    const was = before.lstat(path) !== undefined;
    if (after.lstat(path)) yield { path, kind: was ? 'modified' : 'added' };
    // Below a directory that went as a whole nothing has to be said.
    else if (was && after.lstat(parentPath(path))?.type === 'directory') yield { path, kind: 'deleted' };
  }
  for (const path of covered) yield* missingBelow(path, before, after);
}

/** What is no longer in a directory that is there before and after. */
function* missingBelow(path: string, before: Tree, after: Tree): Generator<Change, void> {
  if (before.lstat(path)?.type !== 'directory' || after.lstat(path)?.type !== 'directory') return;
  for (const name of before.children(path)) {
    const child = childPath(path, name);
    if (after.lstat(child)) yield* missingBelow(child, before, after);
    else yield { path: child, kind: 'deleted' };
  }
}
