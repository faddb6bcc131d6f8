import { invalid } from '#lib/errors';
import { type Digest, hexOf, verified, verifyContent } from '#oci/digest';
import {
  choosePlatform,
  type Descriptor,
  encodeDocument,
  hostPlatform,
  type Index,
  isIndex,
  isIndexType,
  isManifestType,
  MAX_MANIFEST_BYTES,
  type Manifest,
  MediaType,
  parseManifest,
} from '#oci/image';
import { blobPath, INDEX_FILE, LAYOUT_FILE, LAYOUT_MARKER, nameInLayout } from '#oci/layout';
import { familiarName, familiarRepository } from '#oci/reference';
import { TAR_END, tarHeader, tarPadding } from '#oci/tar';
import type { ArchiveImage } from './archive.ts';
import { MANIFEST_FILE, REPOSITORIES_FILE } from './members.ts';

export interface ArchiveContent {
  /** Undefined when the blob is not there (another platform's): it is left out of the archive. */
  open(descriptor: Descriptor): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** No files of Docker's: it is no image. */
  readonly bare?: boolean;
}

/**
 * A tar that is an OCI layout and has docker's manifest.json (and the older `repositories`), as Docker 25
 * and later save it: each reader finds what it knows. The same images make the same bytes.
 * @throws invalid when content is missing or not what its descriptor says
 */
export async function* writeArchive(
  images: readonly ArchiveImage[],
  content: ArchiveContent,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const survey = new Survey(content);
  for (const { root } of images) await survey.add(root, root);
  for (const descriptor of survey.blobs()) {
    signal?.throwIfAborted();
    yield* blob(descriptor, content);
  }
  yield* file(INDEX_FILE, encodeDocument(indexOf(images)));
  yield* file(LAYOUT_FILE, Buffer.from(LAYOUT_MARKER));
  if (!content.bare) yield* dockerFiles(images, survey);
  yield TAR_END;
}

function* dockerFiles(images: readonly ArchiveImage[], survey: Survey): Generator<Buffer, void> {
  yield* file(MANIFEST_FILE, encodeDocument(images.flatMap((image) => savedImage(image, survey))));
  const repositories = repositoriesOf(images, survey);
  if (Object.keys(repositories).length > 0) yield* file(REPOSITORIES_FILE, encodeDocument(repositories));
}

function* file(path: string, content: Buffer): Generator<Buffer, void> {
  yield tarHeader({ path, type: 'file', mode: 0o644, size: content.length });
  yield content;
  yield tarPadding(content.length);
}

async function* blob(descriptor: Descriptor, content: ArchiveContent): AsyncGenerator<Uint8Array, void> {
  const source = await content.open(descriptor);
  if (source === undefined) throw missing(descriptor);
  yield tarHeader({ path: blobPath(descriptor.digest), type: 'file', mode: 0o644, size: descriptor.size });
  yield* verified(source, descriptor);
  yield tarPadding(descriptor.size);
}

const missing = ({ digest }: Descriptor) => invalid(`cannot save the image: content ${digest} is not here`);

/** Finds out what belongs to the images and is there, before a byte is written. */
class Survey {
  readonly #content: ArchiveContent;
  readonly #blobs = new Map<Digest, Descriptor>();
  /** The complete image manifests below each root. */
  readonly #manifests = new Map<Digest, { readonly descriptor: Descriptor; readonly manifest: Manifest }[]>();

  constructor(content: ArchiveContent) {
    this.#content = content;
  }

  blobs(): Descriptor[] {
    return [...this.#blobs.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
  }

  /** The manifest for readers that know one platform only. */
  mainManifest(root: Descriptor): Manifest | undefined {
    const manifests = this.#manifests.get(root.digest) ?? [];
    const offered = manifests.map(({ descriptor, manifest }) => ({
      platform: descriptor.platform,
      manifest,
    }));
    return (choosePlatform(offered, hostPlatform()) ?? offered[0])?.manifest;
  }

  async add(descriptor: Descriptor, root: Descriptor): Promise<boolean> {
    if (!isIndexType(descriptor.mediaType) && !isManifestType(descriptor.mediaType)) {
      if (descriptor !== root) return false;
      throw invalid(`cannot save ${root.digest}: ${root.mediaType} is no image`);
    }
    const document = await this.#read(descriptor);
    if (document === undefined) {
      if (descriptor === root) throw missing(root);
      return false;
    }
    const added = isIndex(document)
      ? await this.#addIndex(document, root)
      : await this.#addManifest(document, descriptor, root);
    if (added) this.#blobs.set(descriptor.digest, descriptor);
    return added;
  }

  async #addIndex(index: Index, root: Descriptor): Promise<boolean> {
    let found = index.manifests.length === 0;
    for (const child of index.manifests) found = (await this.add(child, root)) || found;
    if (!found) throw missing(root);
    return true;
  }

  /** All or nothing: a manifest whose layers are missing would make an archive that no reader takes. */
  async #addManifest(manifest: Manifest, descriptor: Descriptor, root: Descriptor): Promise<boolean> {
    const parts = [manifest.config, ...manifest.layers];
    for (const part of parts) {
      const source = await this.#content.open(part);
      await closeUnread(source);
      if (source !== undefined) continue;
      if (descriptor.digest === root.digest) throw missing(part);
      return false;
    }
    for (const part of parts) this.#blobs.set(part.digest, part);
    const known = this.#manifests.get(root.digest) ?? [];
    this.#manifests.set(root.digest, [...known, { descriptor, manifest }]);
    return true;
  }

  async #read(descriptor: Descriptor): Promise<Manifest | Index | undefined> {
    if (descriptor.size > MAX_MANIFEST_BYTES) throw invalid(`manifest ${descriptor.digest} is too large`);
    const source = await this.#content.open(descriptor);
    if (source === undefined) return undefined;
    const parts: Uint8Array[] = [];
    for await (const chunk of source) parts.push(chunk);
    const bytes = Buffer.concat(parts);
    verifyContent(bytes, descriptor);
    return parseManifest(bytes, descriptor.mediaType);
  }
}

/** Streams and generators have this; anything else holds nothing open before it is read. */
async function closeUnread(source: AsyncIterable<Uint8Array> | undefined): Promise<void> {
  if (source && Symbol.asyncDispose in source)
    await (source as AsyncIterable<Uint8Array> & AsyncDisposable)[Symbol.asyncDispose]();
}

function indexOf(images: readonly ArchiveImage[]): Index {
  const manifests = images.flatMap(({ root, references }) =>
    references.length === 0 ? [root] : references.map((name) => nameInLayout(root, name)),
  );
  return { schemaVersion: 2, mediaType: MediaType.ociIndex, manifests };
}

function savedImage({ root, references }: ArchiveImage, survey: Survey): object[] {
  const manifest = survey.mainManifest(root);
  if (manifest === undefined) return [];
  const tags = references
    .filter(({ tag }) => tag !== undefined)
    .map(({ domain, path, tag }) => familiarName({ domain, path, tag }));
  return [
    {
      Config: blobPath(manifest.config.digest),
      RepoTags: tags.length > 0 ? tags : null,
      Layers: manifest.layers.map(({ digest }) => blobPath(digest)),
    },
  ];
}

/** `{"busybox": {"latest": "<hex of the top layer>"}}` */
function repositoriesOf(
  images: readonly ArchiveImage[],
  survey: Survey,
): Record<string, Record<string, string>> {
  const repositories: Record<string, Record<string, string>> = {};
  for (const { root, references } of images) {
    const top = survey.mainManifest(root)?.layers.at(-1);
    for (const reference of references) {
      if (top === undefined || reference.tag === undefined) continue;
      const name = familiarRepository(reference);
      repositories[name] = { ...repositories[name], [reference.tag]: hexOf(top.digest) };
    }
  }
  return repositories;
}
