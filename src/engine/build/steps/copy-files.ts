import { resolveUser } from '#engine/containers';
import { now } from '#lib/time';
import { type Owner, TAR_END } from '#oci/layer';
import { type Filesystem, NOTHING } from '../cache.ts';
import { isArchive, repack } from '../files/archive.ts';
import { DiskTree } from '../files/disk-tree.ts';
import { parseMode } from '../files/mode.ts';
import { type PlaceRequest, placeDirectory, placeFiles } from '../files/place.ts';
import type { SelectedRoot, Selection } from '../files/select.ts';
import type { BuildSession } from '../session.ts';
import type { CopySource } from '../sources/copy-source.ts';
import { mountFilesystem } from '../sources/mount-filesystem.ts';
import type { CopyStep, Step } from '../step.ts';

/** COPY and ADD: one layer of what was selected, at its place. */
export async function copyFiles(
  session: BuildSession,
  step: CopyStep,
  inputs: ReadonlyMap<Step, Filesystem>,
  source: CopySource,
  selection: Selection,
): Promise<Filesystem> {
  const base = inputs.get(step.base) ?? NOTHING;
  const { images, work, signal } = session;
  // With --link the layer must fit on anything, so it is made as if nothing were below.
  const below = step.link ? NOTHING : base;
  await using mounted = await mountFilesystem(session, below);
  const request: PlaceRequest = {
    destination: step.destination,
    owner: ownerOf(step, mounted.path),
    mode: step.mode === undefined ? undefined : parseMode(step.mode),
    parents: step.parents,
  };
  const { files, archives } = await sort(step, source, selection);
  const tar = layerOf(new DiskTree(mounted.path), request, source, { ...selection, roots: files }, archives);
  const layer = await images.addLayer(work, base.layers, tar, signal);
  return { layers: layer ? [...base.layers, layer] : base.layers, created: now() };
}

/** Files of a context belong to root unless somebody says otherwise; those of a stage keep their owner. */
function ownerOf({ owner, from }: CopyStep, root: string): Owner | undefined {
  if (owner === undefined) return from.kind === 'step' ? undefined : { uid: 0, gid: 0 };
  const { uid, gid } = resolveUser(root, owner, []);
  // A number alone stands for the group of that number, too.
  return /^\d+$/.test(owner) ? { uid, gid: uid } : { uid, gid };
}

/** ADD unpacks archives of the context; downloads only when it is told to. */
async function sort(
  { unpack, from }: CopyStep,
  source: CopySource,
  { roots }: Selection,
): Promise<{ files: SelectedRoot[]; archives: string[] }> {
  const files: SelectedRoot[] = [];
  const archives: string[] = [];
  const unpacks = unpack === 'always' || (unpack === 'local' && from.kind === 'context');
  for (const root of roots) {
    const [entry] = root.entries;
    const archive =
      unpacks && root.type === 'file' && entry !== undefined && (await isArchive(source.read(entry.source)));
    if (archive) archives.push(entry.source);
    else files.push(root);
  }
  return { files, archives };
}

async function* layerOf(
  base: DiskTree,
  request: PlaceRequest,
  source: CopySource,
  selection: Selection,
  archives: readonly string[],
): AsyncGenerator<Uint8Array, void> {
  if (selection.roots.length > 0) yield* source.pack(placeFiles(base, selection, request));
  if (archives.length > 0) {
    const { path, made } = placeDirectory(base, request);
    yield* source.pack(made);
    // Owners are the archive's, unless --chown says otherwise.
    const owner = request.owner?.uid === 0 && request.owner.gid === 0 ? undefined : request.owner;
    for (const archive of archives) yield* repack(source.read(archive), path, owner);
  }
  yield TAR_END;
}
