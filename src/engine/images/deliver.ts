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

/** Pushes what was built, which need not be in the catalog. @throws unauthorized, unavailable, cancelled */
export const pushBuilt = (
  context: ImagesContext,
  { target }: Assembled,
  name: string,
  options: Omit<PushOptions, 'platform'>,
): Promise<Pushed> => pushContent(context, builtName(name), target, options);
