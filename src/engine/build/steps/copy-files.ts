import { resolveUser } from '#engine/containers';
import { threadStream } from '#lib/thread-stream';
import { now } from '#lib/time';
import { type Owner, TAR_END, tarPadding } from '#oci/layer';
import { type Filesystem, NOTHING } from '../cache.ts';
import { DiskTree } from '../files/disk-tree.ts';
import { InlineTree } from '../files/inline-tree.ts';
import { parseMode } from '../files/mode.ts';
import { headerOf, packFromTar } from '../files/pack.ts';
import type { PackInput } from '../files/pack-thread.ts';
import { type PlacedEntry, placeFiles } from '../files/place.ts';
import { TarTree } from '../files/tar-tree.ts';
import type { BuildSession } from '../session.ts';
import type { CopyStep, Step } from '../step.ts';
import { mountFilesystem } from './mount-filesystem.ts';
import type { Selected } from './select-source.ts';

const packThread = new URL('../files/pack-thread.ts', import.meta.url);

/** COPY and ADD: one layer of what was selected, at its place. */
export async function copyFiles(
  session: BuildSession,
  step: CopyStep,
  inputs: ReadonlyMap<Step, Filesystem>,
  selected: Selected,
): Promise<Filesystem> {
  const base = inputs.get(step.base) ?? NOTHING;
  const { images, work, signal } = session;
  // With --link the layer must fit on anything, so it is made as if nothing were below.
  const below = step.link ? NOTHING : base;
  await using mounted = await mountFilesystem(session, below);
  const entries = placeFiles(new DiskTree(mounted.path), selected, {
    destination: step.destination,
    owner: ownerOf(step, mounted.path),
    mode: step.mode === undefined ? undefined : parseMode(step.mode),
    parents: step.parents,
    latest: undefined,
  });
  await using tar = await pack(session, step, inputs, entries);
  const layer = await images.addLayer(work, base.layers, tar.stream, signal);
  return { layers: layer ? [...base.layers, layer] : base.layers, created: now() };
}

/** Files of a context belong to root unless somebody says otherwise; those of a stage keep their owner. */
function ownerOf({ owner, from }: CopyStep, root: string): Owner | undefined {
  if (owner === undefined) return from.kind === 'step' ? undefined : { uid: 0, gid: 0 };
  const { uid, gid } = resolveUser(root, owner, []);
  // A number alone stands for the group of that number, too.
  return /^\d+$/.test(owner) ? { uid, gid: uid } : { uid, gid };
}

async function pack(
  session: BuildSession,
  { from }: CopyStep,
  inputs: ReadonlyMap<Step, Filesystem>,
  entries: readonly PlacedEntry[],
): Promise<{ readonly stream: AsyncIterable<Uint8Array> } & AsyncDisposable> {
  const nothing = { [Symbol.asyncDispose]: async () => {} };
  if (from.kind === 'inline') return { stream: packInline(entries, new InlineTree(from.files)), ...nothing };
  if (from.kind === 'context' && from.tree instanceof TarTree) {
    return { stream: packFromTar(entries, from.tree), ...nothing };
  }
  if (from.kind !== 'step') throw new Error(`nothing can be packed from a ${from.kind}`);
  const mounted = await mountFilesystem(session, inputs.get(from.step) ?? NOTHING);
  const stream = threadStream<PackInput>(packThread, { root: mounted.path, entries });
  return { stream, [Symbol.asyncDispose]: () => mounted[Symbol.asyncDispose]() };
}

async function* packInline(entries: readonly PlacedEntry[], tree: InlineTree): AsyncGenerator<Buffer, void> {
  for (const { path, source, node } of entries) {
    yield headerOf(path, node);
    if (source === undefined || node.type !== 'file') continue;
    yield tree.content(source);
    yield tarPadding(node.size);
  }
  yield TAR_END;
}
