import type { Readable } from 'node:stream';
import { now } from '#lib/time';
import { hostPlatform, parsePlatform } from '#oci/image';
import { decompress } from '#oci/layer';
import { canonicalName, familiarName, parseReference, withDefaultTag } from '#oci/reference';
import { assemble, storeLayer } from './assemble.ts';
import { applyChanges } from './changes.ts';
import { EMPTY_CONFIG, toRunConfig } from './config.ts';
import type { ImagesContext } from './context.ts';
import type { ImageRecord } from './record.ts';
import { refuseDigest } from './tag.ts';

export interface ImportOptions {
  readonly reference?: string;
  readonly message?: string;
  /** Dockerfile instructions. */
  readonly changes?: readonly string[];
  readonly platform?: string;
  readonly signal?: AbortSignal;
}

/** `docker import`: a root file system tar (plain, gzip, zstd) becomes a one-layer image. @throws invalid */
export async function importImage(
  { content, catalog }: ImagesContext,
  archive: Readable,
  { reference, message, changes = [], platform, signal }: ImportOptions,
): Promise<ImageRecord> {
  const name = reference ? withDefaultTag(refuseDigest(parseReference(reference))) : undefined;
  const config = applyChanges(EMPTY_CONFIG, changes);
  const target = platform ? parsePlatform(platform) : hostPlatform();
  await using work = content.begin();
  const layer = await storeLayer(content, work, [], decompress(archive, signal), signal);
  const created = now();
  const installed = await assemble(
    content,
    work,
    {
      config: { ...target, created, config: toRunConfig(config), ...(message && { comment: message }) },
      layers: layer ? [layer] : [],
      history: [{ created, ...(message && { comment: message }), ...(!layer && { empty_layer: true }) }],
    },
    signal,
  );
  return catalog.change(() => {
    const { chosen } = installed;
    catalog.install(installed, name ? [canonicalName(name)] : []);
    catalog.publish('import', chosen.id, chosen.id, chosen);
    if (name) catalog.publish('tag', chosen.id, familiarName(name), chosen);
    return chosen;
  });
}
