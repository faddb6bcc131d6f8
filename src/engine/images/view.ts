import { familiarName } from '#oci/reference';
import type { Catalog } from './catalog.ts';
import { fromRunConfig } from './config.ts';
import type { Image } from './image.ts';
import type { ImageRecord } from './record.ts';

/** An image as the rest of the engine sees it. */
export function viewOf(record: ImageRecord, catalog: Catalog): Image {
  const { id, config, manifest } = record;
  const names = catalog.namesOf(id);
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

/** Bytes unpacked; what has not been unpacked counts nothing. */
export const sizeOf = ({ layers }: ImageRecord): number =>
  layers.reduce((sum, { size }) => sum + (size ?? 0), 0);
