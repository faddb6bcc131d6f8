import {
  choosePlatform,
  type Descriptor,
  hostPlatform,
  type Index,
  MediaType,
  type Platform,
  type StringMap,
} from '#oci/image';
import { storeDocument } from './assemble.ts';
import type { Assembled } from './built-image.ts';
import type { Work } from './content.ts';
import type { ImagesContext } from './context.ts';
import { type Statement, storeAttestations } from './store-attestations.ts';

/** An image of an index. */
export interface IndexMember {
  readonly platform: Platform;
  readonly assembled: Assembled;
  /** What is said of it: they come with it. */
  readonly statements: readonly Statement[];
}

/** Writes the index of images for several platforms. As an image of this engine it is the host's of them. */
export async function assembleIndex(
  { content }: ImagesContext,
  work: Work,
  members: readonly IndexMember[],
  { annotations }: { readonly annotations: StringMap },
): Promise<Assembled> {
  const attached = await Promise.all(
    members.flatMap(({ assembled: { target }, statements }) =>
      statements.length === 0 ? [] : [storeAttestations(content, work, target, statements)],
    ),
  );
  const document: Index = {
    schemaVersion: 2,
    mediaType: MediaType.ociIndex,
    manifests: [...members.map(describe), ...attached.map(({ descriptor }) => descriptor)],
    ...(Object.keys(annotations).length > 0 && { annotations }),
  };
  const target = await storeDocument(content, work, document, MediaType.ociIndex);
  const main = choosePlatform(members, hostPlatform()) ?? members[0];
  if (!main) throw new Error('an index has members');
  const assembled = members.map((member) => member.assembled);
  return {
    target,
    chosen: main.assembled.chosen,
    images: assembled.flatMap(({ images }) => images),
    content: [
      ...new Set([
        target.digest,
        ...assembled.flatMap((each) => each.content),
        ...attached.flatMap(({ digests }) => digests),
      ]),
    ],
  };
}

function describe({ platform, assembled: { target } }: IndexMember): Descriptor {
  const { os, architecture, variant } = platform;
  return { ...target, platform: { architecture, os, ...(variant !== undefined && { variant }) } };
}
