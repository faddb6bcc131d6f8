import { Readable } from 'node:stream';
import { writeArchive } from '#oci/archive';
import type { Descriptor } from '#oci/image';
import { type Assembled, builtName } from './built-image.ts';
import type { ImagesContext } from './context.ts';
import { type Pushed, type PushOptions, pushContent } from './push.ts';

/** A tar of what was built, which docker, podman and skopeo load; the work must last as long as it is read. */
export function archiveBuilt(
  { content }: ImagesContext,
  { target }: Assembled,
  names: readonly string[],
  signal?: AbortSignal,
): Readable {
  const open = async ({ digest }: Descriptor) =>
    (await content.blobs.has(digest)) ? content.blobs.open(digest) : undefined;
  const images = [{ root: target, references: names.map(builtName) }];
  return Readable.from(writeArchive(images, { open }, signal), { objectMode: false });
}

/** The same as an OCI layout alone, under a tag; for what is no image. */
export function layoutOf(
  { content }: ImagesContext,
  { target }: Pick<Assembled, 'target'>,
  tag: string,
  signal?: AbortSignal,
): Readable {
  const open = async ({ digest }: Descriptor) =>
    (await content.blobs.has(digest)) ? content.blobs.open(digest) : undefined;
  const root = { ...target, annotations: { 'org.opencontainers.image.ref.name': tag } };
  const archive = writeArchive([{ root, references: [] }], { open, bare: true }, signal);
  return Readable.from(archive, { objectMode: false });
}

/** Pushes what was built, which need not be in the catalog. @throws unauthorized, unavailable, cancelled */
export const pushBuilt = (
  context: ImagesContext,
  { target }: Pick<Assembled, 'target'>,
  name: string,
  options: Omit<PushOptions, 'platform'>,
): Promise<Pushed> => pushContent(context, builtName(name), target, options);
