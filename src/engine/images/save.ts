import { Readable } from 'node:stream';
import { type ArchiveImage, writeArchive } from '#oci/archive';
import type { Descriptor } from '#oci/image';
import { parseReference, type Reference, repositoryName } from '#oci/reference';
import type { Catalog } from './catalog.ts';
import type { ImagesContext } from './context.ts';
import type { ImageRecord } from './record.ts';

interface Choice {
  readonly root: Descriptor;
  readonly image: ImageRecord;
  /** A tag that it is saved under; none for what was named by id or digest. */
  readonly reference: Reference | undefined;
}

/**
 * A tar of an OCI layout with docker's manifest.json, which docker, podman and skopeo load. A repository without
 * a tag means all its tags. @throws notFound
 */
export async function save(
  { catalog, content }: ImagesContext,
  names: readonly string[],
  { platform, signal }: { platform?: string; signal?: AbortSignal } = {},
): Promise<Readable> {
  const choices = names.flatMap((name) => chooseAll(catalog, name, platform));
  const images = new Map<string, ArchiveImage>();
  for (const { root, reference } of choices) {
    const references = images.get(root.digest)?.references ?? [];
    images.set(root.digest, { root, references: reference ? [...references, reference] : references });
  }
  catalog.change(() => {
    for (const { image } of choices) catalog.publish('save', image.id, image.id, image);
  });
  // The archive may be read slowly, and the images removed meanwhile.
  const work = content.begin();
  for (const { image } of choices) for (const digest of catalog.contentOf(image.id)) work.hold(digest);
  const open = async ({ digest }: Descriptor) =>
    (await content.blobs.has(digest)) ? content.blobs.open(digest) : undefined;
  const stream = Readable.from(writeArchive([...images.values()], { open }, signal), { objectMode: false });
  stream.once('close', () => void work[Symbol.asyncDispose]());
  return stream;
}

function chooseAll(catalog: Catalog, name: string, platform: string | undefined): Choice[] {
  const found = catalog.lookUp(name);
  const byId = found.kind === 'found' && found.name === undefined;
  const tags = byId ? [] : tagsOf(catalog, name);
  if (tags.length > 0) return tags.map((tag) => choose(catalog, tag, platform));
  return [choose(catalog, name, platform)];
}

/** Canonical names of all tags of a repository; none when the name has a tag or a digest itself. */
function tagsOf(catalog: Catalog, name: string): string[] {
  const { tag, digest, ...repository } = parseReference(name);
  if (tag !== undefined || digest !== undefined) return [];
  return [...catalog.names.keys()].filter((known) => {
    const reference = parseReference(known);
    return reference.tag !== undefined && repositoryName(reference) === repositoryName(repository);
  });
}

/** An index is saved whole unless a platform is asked for. */
function choose(catalog: Catalog, text: string, platform: string | undefined): Choice {
  const { image, name } = catalog.find(text, platform);
  const target = name === undefined ? undefined : catalog.names.get(name)?.target;
  const reference = name === undefined ? undefined : parseReference(name);
  return {
    root: platform === undefined && target ? target : image.manifest,
    image,
    reference: reference?.tag === undefined ? undefined : reference,
  };
}
