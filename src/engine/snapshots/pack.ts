import { createHash, randomBytes } from 'node:crypto';
import { closeSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { ARCHIVE_OFFSET, isUnfit, LayerImage } from '#oci/erofs';
import { type Change, diffLayer, fsPath } from '#oci/layer';
import { changesOf } from './changes.ts';
import { DirectorySource } from './directory-source.ts';
import { NewImageFile } from './image-file.ts';
import { attributesBelow } from './inherit.ts';
import { withoutMountPoints } from './mount-points.ts';
import type { LayerForm, PackedChanges } from './snapshots.ts';
import { usageOf } from './usage.ts';

export interface PackInput {
  readonly upper: string;
  /** Uppermost first. */
  readonly lowers: readonly string[];
  /** See `withoutMountPoints`. */
  readonly mountPoints: readonly string[];
  /** Of the file that holds the tar when this is done, perhaps as an image. */
  readonly path: string;
  /** What the layer is to be, if it can. */
  readonly form: LayerForm;
}

/** Packs what an upper directory changes as a layer. For a thread: it reads and writes without end. */
export async function pack(input: PackInput): Promise<PackedChanges> {
  const { upper, lowers, mountPoints, form } = input;
  const all = [...changesOf(upper, lowers)];
  const changes = withoutMountPoints(all, upper, mountPoints);
  if (form === 'erofs') {
    try {
      return await packImage(input, changes);
    } catch (error) {
      if (!isUnfit(error)) throw error;
    }
  }
  const packed = await packTar(input, changes);
  // The directory itself becomes the layer.
  const kept = new Set(changes.map((change) => change.path));
  for (const change of all.toReversed()) {
    if (change.kind === 'added' && !kept.has(change.path)) removeHollow(`${upper}/${change.path}`);
  }
  return { ...packed, form: 'directory', ...usageOf(upper) };
}

async function packImage(
  { upper, lowers, path }: PackInput,
  changes: readonly Change[],
): Promise<PackedChanges> {
  rmSync(path, { force: true });
  const hash = createHash('sha256');
  using file = new NewImageFile(path);
  using image = new LayerImage(file);
  for await (const chunk of diffLayer(changes, new DirectorySource(upper))) {
    hash.update(chunk);
    image.push(chunk);
  }
  const { entries, bytes, archiveSize } = image.finish({
    uuid: randomBytes(16),
    inherit: (directory) => attributesBelow(lowers, directory),
  });
  return {
    diffId: `sha256:${hash.digest('hex')}`,
    archive: { path, start: ARCHIVE_OFFSET, length: archiveSize },
    form: 'erofs',
    size: bytes,
    inodes: entries,
  };
}

async function packTar(
  { upper, path }: PackInput,
  changes: readonly Change[],
): Promise<Pick<PackedChanges, 'diffId' | 'archive'>> {
  rmSync(path, { force: true });
  const hash = createHash('sha256');
  const file = openSync(path, 'wx', 0o600);
  let length = 0;
  try {
    for await (const chunk of diffLayer(changes, new DirectorySource(upper))) {
      hash.update(chunk);
      for (let at = 0; at < chunk.length; ) at += writeSync(file, chunk, at);
      length += chunk.length;
    }
  } finally {
    closeSync(file);
  }
  return { diffId: `sha256:${hash.digest('hex')}`, archive: { path, start: 0, length } };
}

/** An empty file or directory. */
function removeHollow(path: string): void {
  try {
    rmdirSync(fsPath(path));
  } catch {
    rmSync(fsPath(path), { force: true });
  }
}
