import { familiarName, parseReference, type Reference } from '#oci/reference';
import type { Catalog } from './catalog.ts';
import { fromRunConfig } from './config.ts';
import type { Image } from './image.ts';
import type { ImageRecord } from './record.ts';

/** An image as the rest of the engine sees it. */
export function viewOf(record: ImageRecord, catalog: Catalog): Image {
  const { id, config, manifest } = record;
  const names = namesOf(record, catalog);
  return {
    id,
    tags: names.filter(({ digest }) => !digest).map(familiarName),
    digests: names.filter(({ digest }) => digest).map(familiarName),
    created: config.created ?? '',
    author: config.author ?? '',
    architecture: config.architecture,
    variant: config.variant,
    os: config.os,
    config: fromRunConfig(config.config),
    layers: record.layers.map(({ diffId, chainId }) => ({ diffId, chainId })),
    history: (config.history ?? []).map((entry) => ({
      created: entry.created ?? '',
      createdBy: entry.created_by ?? '',
      author: entry.author ?? '',
      comment: entry.comment ?? '',
      emptyLayer: entry.empty_layer ?? false,
    })),
    size: sizeOf(record),
    manifest: { digest: manifest.digest, mediaType: manifest.mediaType, size: manifest.size },
    lastTagged: record.lastTagged,
    parent: record.parent,
    comment: config.comment ?? '',
  };
}

/** One that only came along is called what the index is called that it came with. */
function namesOf({ id, listed }: ImageRecord, catalog: Catalog): Reference[] {
  if (listed) return catalog.namesOf(id);
  const named = [...catalog.names].filter(([, { images }]) => images.includes(id));
  return named.map(([name]) => parseReference(name));
}

/** The same of an image and the other platforms of its names, each layer once. */
export function sizeWithSiblings(catalog: Catalog, image: ImageRecord): number {
  const sizes = sizesOf([image, ...catalog.siblingsOf(image.id)]);
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

/** Bytes of each layer unpacked, by chain id. */
export const sizesOf = (images: Iterable<ImageRecord>): Map<string, number> =>
  new Map(
    [...images].flatMap(({ layers }) => layers.map(({ chainId, size = 0 }) => [chainId, size] as const)),
  );

/** Bytes unpacked; what has not been unpacked counts nothing. */
export const sizeOf = ({ layers }: ImageRecord): number =>
  layers.reduce((sum, { size }) => sum + (size ?? 0), 0);
