import type { Readable } from 'node:stream';
import { now } from '#lib/time';
import { hostPlatform } from '#oci/image';
import { canonicalName, familiarName, parseReference, withDefaultTag } from '#oci/reference';
import { assemble, storeLayer } from './assemble.ts';
import { toRunConfig } from './config.ts';
import type { ImagesContext } from './context.ts';
import type { ImageConfig } from './image.ts';
import type { ImageRecord } from './record.ts';
import { refuseDigest } from './tag.ts';

export interface CommitOptions {
  /** Absent: from scratch. */
  readonly parent: string | undefined;
  /** The changes as a layer tar (uncompressed). */
  readonly layer: Readable;
  readonly config: ImageConfig;
  readonly author: string;
  readonly comment: string;
  /** The command that made the changes. */
  readonly createdBy: string;
  readonly reference?: string;
  readonly signal?: AbortSignal;
}

/** `docker commit`'s second half: a new image = parent + one layer tar. @throws notFound, invalid */
export async function commit(
  { content, catalog }: ImagesContext,
  { parent, layer, config, author, comment, createdBy, reference, signal }: CommitOptions,
): Promise<ImageRecord> {
  const name = reference ? withDefaultTag(refuseDigest(parseReference(reference))) : undefined;
  const base = parent === undefined ? undefined : catalog.find(parent).image;
  await using work = content.begin();
  for (const digest of base ? catalog.contentOf(base.id) : []) work.hold(digest);
  const added = await storeLayer(content, work, base?.layers ?? [], layer, signal);
  const created = now();
  const step = {
    created,
    ...(createdBy && { created_by: createdBy }),
    ...(author && { author }),
    ...(comment && { comment }),
    ...(!added && { empty_layer: true }),
  };
  const { os, architecture, variant } = base?.config ?? hostPlatform();
  const installed = await assemble(
    content,
    work,
    {
      config: {
        os,
        architecture,
        ...(variant && { variant }),
        created,
        ...(author && { author }),
        ...(comment && { comment }),
        config: toRunConfig(config),
      },
      layers: [...(base?.layers ?? []), ...(added ? [added] : [])],
      history: [...(base?.config.history ?? []), step],
    },
    signal,
  );
  return catalog.change(() => {
    const chosen = { ...installed.chosen, ...(base && { parent: base.id }) };
    catalog.install({ ...installed, chosen }, name ? [canonicalName(name)] : []);
    catalog.publish('create', chosen.id, chosen.id, chosen);
    if (name) catalog.publish('tag', chosen.id, familiarName(name), chosen);
    return chosen;
  });
}
