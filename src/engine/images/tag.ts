import { invalid } from '#lib/errors';
import type { Digest } from '#oci/digest';
import {
  canonicalName,
  familiarName,
  parseReference,
  type Reference,
  withDefaultTag,
  withDigest,
  withoutTag,
} from '#oci/reference';
import type { ImagesContext } from './context.ts';

/** Gives an image one more name; takes the name away from whoever had it. @throws notFound, invalid */
export function tag({ catalog }: ImagesContext, source: string, target: string): void {
  const name = withDefaultTag(refuseDigest(parseReference(target)));
  const { image, name: known } = catalog.find(source);
  const named = known === undefined ? undefined : catalog.names.get(known);
  const record = named ?? {
    target: image.manifest,
    image: image.id,
    images: [image.id],
    content: [image.manifest.digest, image.id, ...image.layers.map(({ blob }) => blob.digest)],
  };
  catalog.change(() => {
    catalog.putName(canonicalName(name), record);
    catalog.publish('tag', image.id, familiarName(name), image);
  });
}

/** A digest is a property of content: nobody can give it. @throws invalid */
export function refuseDigest(reference: Reference): Reference {
  if (reference.digest) throw invalid('refusing to create a tag with a digest reference');
  return reference;
}

/** The canonical name of content in a repository: `docker.io/library/busybox@sha256:...`. */
export const digestName = (reference: Reference, digest: Digest): string =>
  canonicalName(withDigest(withoutTag(reference), digest));
