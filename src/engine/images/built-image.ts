import { parseDigest } from '#oci/digest';
import type { History, ImageConfig as ImageDocument, StringMap } from '#oci/image';
import { canonicalName, familiarName, parseReference, withDefaultTag } from '#oci/reference';
import { assemble, type NewLayer } from './assemble.ts';
import type { BuiltLayer } from './build-content.ts';
import { toRunConfig } from './config.ts';
import type { Work } from './content.ts';
import type { ImagesContext } from './context.ts';
import type { ImageConfig } from './image.ts';
import type { Installed } from './install.ts';
import type { ImageRecord } from './record.ts';
import { refuseDigest } from './tag.ts';

/** What a build says of the image that it results in. */
export interface BuiltImage {
  readonly config: ImageConfig;
  readonly platform: Pick<ImageDocument, 'os' | 'architecture' | 'variant'>;
  readonly author: string;
  /** RFC 3339. */
  readonly created: string;
  /** Bottom first. */
  readonly layers: readonly BuiltLayer[];
  readonly history: readonly History[];
  /** Of the manifest. */
  readonly annotations: StringMap;
  /** Results of steps that lie in its layers, for builds elsewhere. */
  readonly inlineCache?: string | undefined;
}

/** An image, or an index of several, whose documents are stored: nobody but its work knows it yet. */
export type Assembled = Pick<Installed, 'target' | 'chosen' | 'images' | 'content'>;

/** Writes the config and the manifest of what was built. */
export const assembleBuilt = (
  { content }: ImagesContext,
  work: Work,
  { config, platform, author, created, layers, history, annotations, inlineCache }: BuiltImage,
  signal?: AbortSignal,
): Promise<Assembled> =>
  assemble(
    content,
    work,
    {
      config: {
        ...platform,
        created,
        ...(author && { author }),
        config: toRunConfig(config),
        ...(inlineCache !== undefined && { 'moby.buildkit.cache.v0': inlineCache }),
      },
      layers: layers.map(({ diffId, blob }): NewLayer => ({ diffId: parseDigest(diffId), blob })),
      history,
      annotations,
    },
    signal,
  );

/** Puts it into the catalog, under these names. @throws invalid for a name that can be none */
export function installBuilt(
  { catalog }: ImagesContext,
  assembled: Assembled,
  { names, parent }: { readonly names: readonly string[]; readonly parent: string | undefined },
): ImageRecord {
  const references = names.map(builtName);
  return catalog.change(() => {
    const known = catalog.images.get(assembled.chosen.id);
    const chosen = { ...assembled.chosen, ...(parent !== undefined && !known && { parent }) };
    // Without a name nothing holds the other platforms' images but that each is listed itself.
    if (references.length === 0)
      for (const image of assembled.images) catalog.putImage({ ...image, listed: true });
    catalog.install({ ...assembled, chosen }, references.map(canonicalName));
    for (const reference of references) catalog.publish('tag', chosen.id, familiarName(reference), chosen);
    return chosen;
  });
}

/** @throws invalid for a name that an image cannot be given */
export const builtName = (name: string) => withDefaultTag(refuseDigest(parseReference(name)));
