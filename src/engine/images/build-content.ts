import { parseDigest } from '#oci/digest';
import type { Descriptor } from '#oci/image';
import { readPart } from '#store';
import { chainOf, compressLayer, EMPTY_LAYER, storeLayer } from './assemble.ts';
import type { Work } from './content.ts';
import type { ImagesContext } from './context.ts';
import { unpackLayer } from './install.ts';

/** A layer that is stored and unpacked, as the builder hands it from step to step. */
export interface BuiltLayer {
  readonly diffId: string;
  readonly chainId: string;
  readonly blob: Descriptor;
}

/** Stores a layer's tar on top of others and unpacks it. Undefined when there is nothing in it. */
export async function addLayer(
  { content }: ImagesContext,
  work: Work,
  below: readonly BuiltLayer[],
  tar: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<BuiltLayer | undefined> {
  const layer = await storeLayer(content, work, below, tar, signal);
  if (layer) await unpackLayer(content, layer, below.at(-1)?.chainId, { signal });
  return layer;
}

/** The same of what a container that has ended wrote: its snapshot becomes the layer, and is gone. */
export async function addSnapshot(
  { content }: ImagesContext,
  work: Work,
  below: readonly BuiltLayer[],
  snapshot: { readonly id: string; readonly mountPoints: readonly string[] },
  signal?: AbortSignal,
): Promise<BuiltLayer | undefined> {
  const { snapshots } = content;
  const packed = await snapshots.packChanges(snapshot.id, snapshot.mountPoints);
  if (packed.diffId === EMPTY_LAYER) return undefined;
  const diffId = parseDigest(packed.diffId);
  const blob = await compressLayer(content, work, readPart(packed.archive), signal);
  const chainId = chainOf([...below, { diffId }]);
  work.hold(chainId);
  const parent = below.at(-1)?.chainId;
  await snapshots.commit(snapshot.id, { chainId, ...(parent !== undefined && { parent }) }, packed);
  return { diffId, blob, chainId };
}

/** Whether a layer of an earlier build is still there, stored and unpacked. It is held from now on. */
export async function hasLayer({ content }: ImagesContext, work: Work, layer: BuiltLayer): Promise<boolean> {
  holdLayer(work, layer);
  return content.snapshots.hasLayer(layer.chainId) && (await content.blobs.has(layer.blob.digest));
}

export function holdLayer(work: Work, { chainId, blob }: BuiltLayer): void {
  work.hold(chainId);
  work.hold(blob.digest);
}

/** An image's layers, bottom first, unpacked and held. @throws notFound */
export async function layersOfImage(
  { catalog, content }: ImagesContext,
  work: Work,
  id: string,
): Promise<BuiltLayer[]> {
  const { image } = catalog.find(id);
  const layers: BuiltLayer[] = [];
  for (const layer of image.layers) {
    holdLayer(work, layer);
    await unpackLayer(content, layer, layers.at(-1)?.chainId);
    layers.push(layer);
  }
  return layers;
}
