import { invalid, notFound, unsupported } from '#lib/errors';
import type { Digest } from '#oci/digest';
import {
  chainIds,
  choosePlatform,
  type Descriptor,
  formatPlatform,
  isIndex,
  MAX_CONFIG_BYTES,
  MAX_MANIFEST_BYTES,
  type Manifest,
  MediaType,
  matchesPlatform,
  type Platform,
  parseImageConfig,
  parseManifest,
} from '#oci/image';
import type { Content, Work } from './content.ts';
import type { ImageRecord, LayerRecord } from './record.ts';

/** An index within an index is legal; more levels are an attack. */
export const MAX_DEPTH = 3;
/** What the kernel stacks (OVL_MAX_STACK). */
const MAX_LAYERS = 500;

/** What is behind a manifest or an index whose blobs are in the store. */
export interface Installed {
  readonly target: Descriptor;
  /** The image for the wanted platform. */
  readonly chosen: ImageRecord;
  /** It and those of other platforms, as far as they are here with all their content. */
  readonly images: readonly ImageRecord[];
  readonly content: readonly Digest[];
}

/** Reads the target's documents and makes records of the images in it. @throws invalid, notFound, unsupported */
export async function readTarget(
  content: Content,
  work: Work,
  target: Descriptor,
  wanted: Platform,
): Promise<Installed> {
  const found = new Finder(content, work);
  await found.visit(target, 0);
  const chosen = choose(found.images, wanted, target);
  return { target, chosen, images: found.images, content: [...found.digests] };
}

class Finder {
  readonly images: ImageRecord[] = [];
  readonly digests = new Set<Digest>();
  readonly #content: Content;
  readonly #work: Work;

  constructor(content: Content, work: Work) {
    this.#content = content;
    this.#work = work;
  }

  async visit(descriptor: Descriptor, depth: number): Promise<void> {
    if (depth > MAX_DEPTH) throw invalid(`index ${descriptor.digest} is nested too deeply`);
    if (this.digests.has(descriptor.digest)) return;
    this.#note(descriptor.digest);
    const document = parseManifest(
      await this.#content.blobs.read(descriptor.digest, MAX_MANIFEST_BYTES),
      descriptor.mediaType,
    );
    if (!isIndex(document)) {
      await this.#visitManifest(descriptor, document, depth === 0);
      return;
    }
    for (const child of document.manifests) {
      if (await this.#content.blobs.has(child.digest)) await this.visit(child, depth + 1);
    }
  }

  /** `required`: it is what was asked for, and nothing of it may be missing. Other platforms may come incomplete. */
  async #visitManifest(descriptor: Descriptor, manifest: Manifest, required: boolean): Promise<void> {
    const missing: Digest[] = [];
    for (const { digest } of [manifest.config, ...manifest.layers]) {
      if (await this.#content.blobs.has(digest)) this.#note(digest);
      else missing.push(digest);
    }
    if (missing.length > 0) {
      if (required)
        throw invalid(`image ${descriptor.digest} is incomplete: content ${missing[0]} is missing`);
      return;
    }
    // Signatures and attestations travel in an index beside the images.
    if (!required && !isForMachine(descriptor)) return;
    const config = await this.#content.blobs.read(manifest.config.digest, MAX_CONFIG_BYTES);
    const image = imageOf(descriptor, manifest, config);
    for (const { chainId } of image.layers) this.#work.hold(chainId);
    this.images.push(image);
  }

  #note(digest: Digest): void {
    this.#work.hold(digest);
    this.digests.add(digest);
  }
}

/** Attestations are `unknown/unknown` and carry Docker's annotation; no platform at all means an image. */
const isForMachine = ({ platform, artifactType }: Descriptor): boolean =>
  artifactType === undefined && platform?.os !== 'unknown';

/** What says where a manifest was found is no property of it. */
export const plain = ({ mediaType, digest, size }: Descriptor): Descriptor => ({ mediaType, digest, size });

/** @throws unsupported for what is no image, in so many words */
function readConfig(manifest: Manifest, bytes: Uint8Array): ImageRecord['config'] {
  const { mediaType } = manifest.config;
  const isImage = mediaType === MediaType.ociConfig || mediaType === MediaType.dockerConfig;
  try {
    return parseImageConfig(bytes);
  } catch (error) {
    if (isImage) throw error;
    throw unsupported(
      `it is no container image but an artifact of type ${manifest.artifactType ?? mediaType}: fetch it with a client for such artifacts`,
      error,
    );
  }
}

const elsewhere = ({ urls }: Descriptor): Pick<Descriptor, 'urls'> => (urls ? { urls } : {});

/** The record of an image, from its manifest and the config that this names. @throws invalid */
export function imageOf(descriptor: Descriptor, manifest: Manifest, configBytes: Uint8Array): ImageRecord {
  const config = readConfig(manifest, configBytes);
  const layers = layersOf(manifest, config.rootfs.diff_ids);
  return { id: manifest.config.digest, manifest: plain(descriptor), config, layers, listed: false };
}

export function layersOf(manifest: Manifest, diffIds: readonly Digest[]): LayerRecord[] {
  if (manifest.layers.length > MAX_LAYERS)
    throw unsupported(`the image has ${manifest.layers.length} layers: at most ${MAX_LAYERS} can be stacked`);
  if (manifest.layers.length !== diffIds.length) {
    throw invalid(
      `image config ${manifest.config.digest} names ${diffIds.length} layers, but its manifest has ${manifest.layers.length}`,
    );
  }
  const chain = chainIds(diffIds);
  return manifest.layers.flatMap((blob, index) => {
    const diffId = diffIds[index];
    const chainId = chain[index];
    return diffId && chainId ? [{ diffId, chainId, blob: { ...plain(blob), ...elsewhere(blob) } }] : [];
  });
}

/** What does not fit is better than nothing: whoever insists on a platform checks it. */
function choose(images: readonly ImageRecord[], wanted: Platform, target: Descriptor): ImageRecord {
  const offered = images.map((image) => ({ image, platform: image.config }));
  const chosen = choosePlatform(offered, wanted)?.image ?? images[0];
  if (!chosen) throw unsupported(`${target.digest} holds no container image that can be used here`);
  return chosen;
}

/** @throws notFound, in Docker's words */
export function requirePlatform(image: ImageRecord, wanted: Platform, reference: string): void {
  if (matchesPlatform(wanted, image.config)) return;
  throw notFound(
    `image with reference ${reference} was found but does not match the specified platform: wanted ${formatPlatform(wanted)}, actual: ${formatPlatform(image.config)}`,
  );
}

export interface UnpackLayerOptions {
  /** Bytes of the stored layer that have been read. */
  readonly onProgress?: (bytes: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Unpacks a layer unless it is unpacked; the record with its size. @throws invalid, cancelled, system */
export async function unpackLayer(
  { snapshots, blobs }: Content,
  layer: LayerRecord,
  parent: string | undefined,
  { onProgress, signal }: UnpackLayerOptions = {},
): Promise<LayerRecord> {
  const { diffId, chainId } = layer;
  const { size } = snapshots.hasLayer(chainId)
    ? await snapshots.layerUsage(chainId)
    : await snapshots.unpack(
        { diffId, chainId, ...blobs.locate(layer.blob.digest), ...(parent !== undefined && { parent }) },
        { ...(onProgress && { onProgress }), ...(signal && { signal }) },
      );
  return { ...layer, size };
}

/** All layers, bottom up. */
export async function unpackImage(
  content: Content,
  image: ImageRecord,
  options: {
    onProgress?: (layer: LayerRecord, bytes: number) => void;
    signal?: AbortSignal | undefined;
  } = {},
): Promise<ImageRecord> {
  const layers: LayerRecord[] = [];
  for (const layer of image.layers) {
    const onProgress = (bytes: number) => options.onProgress?.(layer, bytes);
    layers.push(
      await unpackLayer(content, layer, layers.at(-1)?.chainId, { onProgress, signal: options.signal }),
    );
  }
  return { ...image, layers };
}
