import { Readable } from 'node:stream';
import { type ArchiveImage, writeArchive } from '#oci/archive';
import type { Descriptor } from '#oci/image';
import { parseReference, type Reference, repositoryName } from '#oci/reference';
import type { Catalog } from './catalog.ts';
import type { ImagesContext } from './context.ts';
import type { ImageRecord } from './record.ts';

export interface SaveOptions {
  /** `os/architecture[/variant]`; none: all that are here. */
  readonly platforms?: readonly string[];
  readonly signal?: AbortSignal;
}

interface Choice {
  readonly root: Descriptor;
  readonly image: ImageRecord;
  /** A tag that it is saved under; none for what was named by id or digest. */
  readonly reference: Reference | undefined;
  /** Manifests of platforms that nobody asked for. */
  readonly excluded: readonly string[];
}

/**
 * A tar of an OCI layout with docker's manifest.json, which docker, podman and skopeo load. A repository without
 * a tag means all its tags. @throws notFound
 */
export async function save(
  { catalog, content }: ImagesContext,
  names: readonly string[],
  { platforms = [], signal }: SaveOptions = {},
): Promise<Readable> {
  const choices = names.flatMap((name) => chooseAll(catalog, name, platforms));
  const excluded = new Set(choices.flatMap(({ excluded }) => excluded));
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
    !excluded.has(digest) && (await content.blobs.has(digest)) ? content.blobs.open(digest) : undefined;
  const stream = Readable.from(writeArchive([...images.values()], { open }, signal), { objectMode: false });
  stream.once('close', () => void work[Symbol.asyncDispose]());
  return stream;
}

function chooseAll(catalog: Catalog, name: string, platforms: readonly string[]): Choice[] {
  const found = catalog.lookUp(name);
  const byId = found.kind === 'found' && found.name === undefined;
  const tags = byId ? [] : tagsOf(catalog, name);
  if (tags.length > 0) return tags.map((tag) => choose(catalog, tag, platforms));
  return [choose(catalog, name, platforms)];
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

/** An index is saved whole; with one platform its manifest alone, with several the index without the others. */
function choose(catalog: Catalog, text: string, platforms: readonly string[]): Choice {
  const [only, ...more] = platforms;
  const { image, name } = catalog.find(text, only);
  const named = name === undefined ? undefined : catalog.names.get(name);
  const reference = name === undefined ? undefined : parseReference(name);
  const wanted = new Set([only, ...more].map((platform) => catalog.find(text, platform).image.id));
  return {
    root: (platforms.length === 1 ? undefined : named?.target) ?? image.manifest,
    image,
    reference: reference?.tag === undefined ? undefined : reference,
    excluded: more.length === 0 ? [] : manifestsBut(catalog, named?.images ?? [], wanted),
  };
}

const manifestsBut = (catalog: Catalog, ids: readonly string[], wanted: ReadonlySet<string>): string[] =>
  ids.flatMap((id) => (wanted.has(id) ? [] : (catalog.images.get(id)?.manifest.digest ?? [])));
