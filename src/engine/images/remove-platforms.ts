import { conflict, notFound } from '#lib/errors';
import { shortId } from '#lib/ids';
import type { Digest } from '#oci/digest';
import { formatPlatform, matchesPlatform, parsePlatform } from '#oci/image';
import type { Catalog } from './catalog.ts';
import type { ImagesContext } from './context.ts';
import type { ImageRecord, NameRecord } from './record.ts';
import { type RemoveOptions, type RemoveResult, remove } from './remove.ts';

/**
 * Gives up some platforms of what a name stands for; the others stay, and so does the name while one is left.
 * @throws notFound, conflict while a container uses one of them
 */
export function removePlatforms(
  context: ImagesContext,
  text: string,
  platforms: readonly string[],
  options: RemoveOptions,
): RemoveResult[] {
  const { catalog } = context;
  return catalog.change(() => {
    const { image, name } = catalog.find(text);
    const record = name === undefined ? undefined : catalog.names.get(name);
    const offered = (record?.images ?? [image.id]).flatMap((id) => catalog.images.get(id) ?? []);
    const doomed = new Set(platforms.map((platform) => chosen(text, platform, offered)));
    const left = offered.filter((candidate) => !doomed.has(candidate));
    if (left.length === 0 || name === undefined || record === undefined)
      return remove(context, text, options);
    for (const candidate of doomed) refuseUsed(context, candidate, options.force ?? false);
    catalog.putName(name, without(record, left, doomed));
    return [...doomed].map((candidate) => {
      if (!isNamed(catalog, candidate)) catalog.deleteImage(candidate.id);
      catalog.publish('delete', candidate.manifest.digest, candidate.manifest.digest, candidate);
      return { deleted: candidate.manifest.digest };
    });
  });
}

const isNamed = (catalog: Catalog, { id }: ImageRecord): boolean =>
  [...catalog.names.values()].some(({ images }) => images.includes(id));

function chosen(text: string, platform: string, offered: readonly ImageRecord[]): ImageRecord {
  const wanted = parsePlatform(platform);
  const found = offered.find(({ config }) => matchesPlatform(wanted, config));
  if (found) return found;
  throw notFound(`image with reference ${text} does not have the platform ${formatPlatform(wanted)}`);
}

function refuseUsed({ users }: ImagesContext, image: ImageRecord, force: boolean): void {
  const containers = users(image.id);
  const user = containers.find(({ running }) => running) ?? (force ? undefined : containers[0]);
  if (!user) return;
  const how = user.running ? 'cannot be forced' : 'must be forced';
  throw conflict(
    `conflict: unable to delete ${shortId(image.id)} (${how}) - image is being used by ${user.running ? 'running' : 'stopped'} container ${shortId(user.containerId)}`,
  );
}

/** The name with some of its images only; content that several share stays. */
export function without(
  record: NameRecord,
  left: readonly ImageRecord[],
  dropped: Iterable<ImageRecord>,
): NameRecord {
  const ids: string[] = left.map(({ id }) => id);
  return {
    ...record,
    image: ids.includes(record.image) ? record.image : (ids[0] ?? record.image),
    images: ids,
    content: contentWithout(record.content, left, dropped),
  };
}

/** Digests without those of images that are gone, unless one that is left needs them. */
export function contentWithout(
  content: readonly Digest[],
  left: readonly ImageRecord[],
  dropped: Iterable<ImageRecord>,
): Digest[] {
  const kept = new Set(left.flatMap(contentOf));
  const gone = new Set([...dropped].flatMap(contentOf));
  return content.filter((digest) => kept.has(digest) || !gone.has(digest));
}

const contentOf = ({ id, manifest, layers }: ImageRecord): Digest[] => [
  id,
  manifest.digest,
  ...layers.map(({ blob }) => blob.digest),
];
