import { isKind } from '#lib/errors';
import { shortId } from '#lib/ids';
import type { KeyedLock } from '#lib/lock';
import type { Repository } from '#oci/remote';
import type { Content } from './content.ts';
import { download } from './download.ts';
import type { OnProgress } from './image.ts';
import { unpackLayer } from './install.ts';
import type { ImageRecord, LayerRecord } from './record.ts';
import type { Registries } from './registries.ts';

export interface LayerPull {
  readonly content: Content;
  readonly repository: Repository;
  readonly downloads: KeyedLock;
  readonly registries: Registries;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal | undefined;
}

/**
 * Downloads several layers at once and unpacks them bottom up, each as soon as it is here. Returns when nothing is
 * under way any more, also after a failure, which ends all of it.
 */
export async function pullLayers(pull: LayerPull, image: ImageRecord): Promise<ImageRecord> {
  const failed = new AbortController();
  const signal = AbortSignal.any(pull.signal ? [pull.signal, failed.signal] : [failed.signal]);
  const here = await Promise.all(image.layers.map((layer) => isHere(pull.content, layer)));
  for (const [index, { blob }] of image.layers.entries()) {
    pull.onProgress({
      id: shortId(blob.digest),
      status: here[index] ? 'Already exists' : 'Pulling fs layer',
    });
  }
  const failures: unknown[] = [];
  const fail = (error: unknown) => {
    failures.push(error);
    failed.abort();
  };
  const downloads = image.layers.map(async ({ blob }, index) => {
    if (here[index]) return;
    const { content, repository, downloads: lock, registries, onProgress } = pull;
    const slots = registries.downloads;
    await download({ blobs: content.blobs, repository, lock, slots, onProgress, signal }, blob).catch(fail);
  });
  const layers: LayerRecord[] = [];
  for (const [index, layer] of image.layers.entries()) {
    await downloads[index];
    if (failures.length > 0) break;
    await unpack({ ...pull, signal }, layer, layers.at(-1)?.chainId, here[index] ?? false)
      .then((unpacked) => layers.push(unpacked))
      .catch(fail);
  }
  await Promise.all(downloads);
  if (!failures.every(isInterruption)) {
    const forget = ({ blob: { digest } }: LayerRecord) =>
      // Another image may have the layer, and its pull be under way.
      pull.content.blobs.forget(digest, { arriving: !pull.downloads.isHeld(digest) });
    await Promise.all(image.layers.map(forget));
  }
  // The others were cancelled because of the first.
  if (failures.length > 0) throw failures.find((error) => !isKind(error, 'cancelled')) ?? failures[0];
  return { ...image, layers };
}

/** Another attempt may go on; what is wrong stays wrong, and a full disk needs the room. */
const isInterruption = (error: unknown): boolean =>
  isKind(error, 'cancelled') || isKind(error, 'unavailable');

const isHere = async ({ blobs, snapshots }: Content, { chainId, blob }: LayerRecord): Promise<boolean> =>
  snapshots.hasLayer(chainId) && (await blobs.has(blob.digest));

async function unpack(
  { content, onProgress, signal }: LayerPull,
  layer: LayerRecord,
  parent: string | undefined,
  quiet: boolean,
): Promise<LayerRecord> {
  const id = shortId(layer.blob.digest);
  const total = layer.blob.size;
  const unpacked = await unpackLayer(content, layer, parent, {
    signal,
    onProgress: (current) => onProgress({ id, status: 'Extracting', current, total }),
  });
  if (!quiet) onProgress({ id, status: 'Pull complete' });
  return unpacked;
}
