import { invalid } from '#lib/errors';
import type { Digest } from '#oci/digest';
import {
  type Descriptor,
  type Index,
  isIndex,
  isIndexType,
  isManifestType,
  type Manifest,
  parseManifest,
} from '#oci/image';
import { blobPath, checkMarker, INDEX_FILE, LAYOUT_FILE, layoutName, parseLayoutIndex } from '#oci/layout';
import { canonicalName, type Reference } from '#oci/reference';
import type { ArchiveImage } from './archive.ts';
import type { Contents } from './contents.ts';
import type { Members } from './members.ts';
import type { SavedImage } from './read-docker.ts';

/** Indexes in indexes; real ones have one level. */
const MAX_DEPTH = 4;

/**
 * The images of an OCI layout. Docker writes its own manifest.json next to the index: names that only
 * it has are taken from there. @throws invalid
 */
export async function readLayoutImages(
  members: Members,
  contents: Contents,
  saved: readonly SavedImage[],
): Promise<ArchiveImage[]> {
  checkMarker(members.table(LAYOUT_FILE) ?? Buffer.alloc(0));
  const index = parseLayoutIndex(members.table(INDEX_FILE) ?? Buffer.alloc(0));
  const walk = new Walk(members, contents);
  const images = new Map<Digest, { readonly root: Descriptor; readonly names: Map<string, Reference> }>();
  for (const entry of index.manifests) {
    const { annotations: _, platform: __, ...root } = entry;
    const image = images.get(root.digest) ?? { root, names: new Map() };
    images.set(root.digest, image);
    const name = layoutName(entry);
    if (name) image.names.set(canonicalName(name), name);
  }
  for (const { root, names } of images.values()) {
    const configs = await walk.add(root, MAX_DEPTH);
    if (configs === undefined) throw incomplete(root);
    for (const { config, tags } of saved) {
      if (!configs.has(members.find(config)?.digest)) continue;
      for (const tag of tags) names.set(canonicalName(tag), tag);
    }
  }
  return [...images.values()].map(({ root, names }) => ({ root, references: [...names.values()] }));
}

type Configs = ReadonlySet<Digest | undefined>;

/** Collects what hangs below a descriptor. */
class Walk {
  readonly #members: Members;
  readonly #contents: Contents;

  constructor(members: Members, contents: Contents) {
    this.#members = members;
    this.#contents = contents;
  }

  /** The configs below it; undefined when the document itself is not in the archive. @throws invalid */
  async add(descriptor: Descriptor, depth: number): Promise<Configs | undefined> {
    if (depth === 0) throw invalid('the archive has indexes nested too deeply');
    if (!isImage(descriptor)) {
      throw invalid(`the archive's index has content that is no image: ${descriptor.mediaType}`);
    }
    if (!this.#addBlob(descriptor)) return undefined;
    const document = parseManifest(await this.#contents.read(descriptor), descriptor.mediaType);
    return isIndex(document) ? this.#addIndex(document, descriptor, depth) : this.#addManifest(document);
  }

  /** Platforms may be missing, but not all of them. An index may list other things than images. */
  async #addIndex(index: Index, descriptor: Descriptor, depth: number): Promise<Configs> {
    const configs = new Set<Digest | undefined>();
    let found = 0;
    for (const child of index.manifests) {
      if (!isImage(child)) continue;
      const below = await this.add(child, depth - 1);
      if (below === undefined) continue;
      found++;
      for (const config of below) configs.add(config);
    }
    if (found === 0 && index.manifests.length > 0) throw incomplete(descriptor);
    return configs;
  }

  #addManifest({ config, layers }: Manifest): Configs {
    for (const blob of [config, ...layers]) {
      // Layers that are for download from elsewhere only need not be there.
      if (!this.#addBlob(blob) && !blob.urls?.length) throw incomplete(blob);
    }
    return new Set([config.digest]);
  }

  #addBlob(descriptor: Descriptor): boolean {
    const member = this.#members.find(blobPath(descriptor.digest));
    if (member) this.#contents.addMember(descriptor, member);
    return member !== undefined;
  }
}

const isImage = ({ mediaType }: Descriptor): boolean => isIndexType(mediaType) || isManifestType(mediaType);

const incomplete = ({ digest, mediaType }: Descriptor) =>
  invalid(`the archive is incomplete: it has no content ${digest} (${mediaType})`);
