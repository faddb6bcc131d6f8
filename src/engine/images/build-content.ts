import { createReadStream } from 'node:fs';
import { parseDigest } from '#oci/digest';
import { chainIds, type Descriptor, type History, type ImageConfig as ImageDocument } from '#oci/image';
import { canonicalName, familiarName, parseReference, withDefaultTag } from '#oci/reference';
import { assemble, compressLayer, EMPTY_LAYER, type NewLayer, storeLayer } from './assemble.ts';
import { toRunConfig } from './config.ts';
import type { Work } from './content.ts';
import type { ImagesContext } from './context.ts';
import type { ImageConfig } from './image.ts';
import { unpackLayer } from './install.ts';
import type { ImageRecord } from './record.ts';
import { refuseDigest } from './tag.ts';

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
  const added = await storeLayer(content, work, tar, signal);
  if (!added) return undefined;
  const layer = { ...added, chainId: chainOf([...below, added]) };
  work.hold(layer.chainId);
  await unpackLayer(content, layer, below.at(-1)?.chainId, { signal });
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
  const { path, start, length } = packed.archive;
  const tar = createReadStream(path, { start, end: start + length - 1 });
  const blob = await compressLayer(content, work, tar, signal);
  const chainId = chainOf([...below, { diffId }]);
  work.hold(chainId);
  const parent = below.at(-1)?.chainId;
  await snapshots.commit(snapshot.id, { chainId, ...(parent !== undefined && { parent }) }, packed);
  return { diffId, blob, chainId };
}

const chainOf = (layers: readonly { readonly diffId: string }[]) => {
  const chain = chainIds(layers.map(({ diffId }) => parseDigest(diffId)));
  return parseDigest(chain.at(-1) ?? '');
};

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

export interface BuiltImage {
  readonly config: ImageConfig;
  readonly platform: Pick<ImageDocument, 'os' | 'architecture' | 'variant'>;
  readonly author: string;
  /** RFC 3339. */
  readonly created: string;
  /** Bottom first. */
  readonly layers: readonly BuiltLayer[];
  readonly history: readonly History[];
  /** Id of the image that it was built from. */
  readonly parent: string | undefined;
  /** Names that are to mean it. */
  readonly names: readonly string[];
}

/** Makes the image that a build results in, and gives it its names. @throws invalid for a name that can be none */
export async function createImage(
  { content, catalog }: ImagesContext,
  work: Work,
  { config, platform, author, created, layers, history, parent, names }: BuiltImage,
  signal?: AbortSignal,
): Promise<ImageRecord> {
  const references = names.map((name) => withDefaultTag(refuseDigest(parseReference(name))));
  const installed = await assemble(
    content,
    work,
    {
      config: { ...platform, created, ...(author && { author }), config: toRunConfig(config) },
      layers: layers.map(({ diffId, blob }): NewLayer => ({ diffId: parseDigest(diffId), blob })),
      history,
    },
    signal,
  );
  return catalog.change(() => {
    const known = catalog.images.get(installed.chosen.id);
    const chosen = { ...installed.chosen, ...(parent !== undefined && !known && { parent }) };
    catalog.install({ ...installed, chosen }, references.map(canonicalName));
    for (const reference of references) catalog.publish('tag', chosen.id, familiarName(reference), chosen);
    return chosen;
  });
}
