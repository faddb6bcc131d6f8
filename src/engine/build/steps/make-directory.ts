import { now } from '#lib/time';
import { TAR_END } from '#oci/layer';
import type { Filesystem } from '../cache.ts';
import { DiskTree } from '../files/disk-tree.ts';
import { headerOf } from '../files/pack.ts';
import { placeDirectory } from '../files/place.ts';
import type { BuildSession } from '../session.ts';
import { mountFilesystem } from '../sources/mount-filesystem.ts';
import type { DirectoryStep } from '../step.ts';

/** WORKDIR: makes the directory and those above it, as far as they are missing. @throws invalid when a file is there */
export async function makeDirectory(
  session: BuildSession,
  { path }: DirectoryStep,
  base: Filesystem,
): Promise<Filesystem> {
  const { images, work, signal } = session;
  await using mounted = await mountFilesystem(session, base);
  const request = { destination: path, owner: undefined, mode: undefined, parents: false };
  const { made } = placeDirectory(new DiskTree(mounted.path), request);
  if (made.length === 0) return base;
  const headers = made.map((entry) => headerOf(entry.path, entry.node));
  const layer = await images.addLayer(work, base.layers, toStream([...headers, TAR_END]), signal);
  return { layers: layer ? [...base.layers, layer] : base.layers, created: now() };
}

async function* toStream(chunks: readonly Buffer[]): AsyncGenerator<Buffer, void> {
  yield* chunks;
}
