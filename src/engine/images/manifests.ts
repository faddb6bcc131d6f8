import { type Descriptor, isIndex, MAX_MANIFEST_BYTES, type Manifest, parseManifest } from '#oci/image';
import type { ImagesContext } from './context.ts';
import type { ImageRecord } from './record.ts';
import { sizeOf } from './view.ts';

/** How attestations name what they are about (BuildKit's image attestation storage). */
export const ATTESTATION_SUBJECT = 'vnd.docker.reference.digest';
export const REFERENCE_TYPE = 'vnd.docker.reference.type';
export const ATTESTATION_TYPE = 'attestation-manifest';

/** One manifest behind a name: the image of a platform, or what was attached to one. */
export interface ManifestSummary {
  readonly descriptor: Descriptor;
  /** All its content is here. */
  readonly available: boolean;
  /** Bytes of its content that is here. */
  readonly contentSize: number;
  /** Of these, without what is no more than a part of an unpacked layer. */
  readonly ownSize: number;
  readonly kind: 'image' | 'attestation' | 'unknown';
  /** Of images: the unpacked bytes, and the containers made of it. */
  readonly image?: {
    readonly platform: { readonly os: string; readonly architecture: string; readonly variant?: string };
    readonly unpackedSize: number;
    readonly containers: readonly string[];
  };
  /** Of attestations: the digest of the manifest that they are about. */
  readonly subject?: string;
}

/** Everything behind an image's name, or its own manifest when it has none. @throws notFound */
export async function manifests(context: ImagesContext, reference: string): Promise<ManifestSummary[]> {
  const { image, name } = context.catalog.find(reference);
  return Promise.all(
    (await children(context, targetOf(context, image, name))).map((child) => summary(context, child)),
  );
}

/** What an image's name stands for: a manifest or an index. */
export function targetOf(
  { catalog }: ImagesContext,
  image: ImageRecord,
  name: string | undefined,
): Descriptor {
  const own = name === undefined ? undefined : catalog.names.get(name);
  const named = own ?? [...catalog.names.values()].find((record) => record.image === image.id);
  return named?.target ?? image.manifest;
}

/** The manifests of an index, or the one that it is. */
export async function children(
  { content }: ImagesContext,
  target: Descriptor,
): Promise<readonly Descriptor[]> {
  const document = parseManifest(
    await content.blobs.read(target.digest, MAX_MANIFEST_BYTES),
    target.mediaType,
  );
  return isIndex(document) ? document.manifests : [target];
}

/** Undefined when it is not here. */
export async function readManifest(
  { content }: ImagesContext,
  descriptor: Descriptor,
): Promise<Manifest | undefined> {
  if (!(await content.blobs.has(descriptor.digest))) return undefined;
  const bytes = await content.blobs.read(descriptor.digest, MAX_MANIFEST_BYTES);
  const document = parseManifest(bytes, descriptor.mediaType);
  return isIndex(document) ? undefined : document;
}

async function summary(context: ImagesContext, descriptor: Descriptor): Promise<ManifestSummary> {
  const manifest = await readManifest(context, descriptor);
  const parts = manifest ? [manifest.config, ...manifest.layers] : [];
  const here = await Promise.all(parts.map(({ digest }) => context.content.blobs.has(digest)));
  const sizeOfAll = (counts: (part: Descriptor, index: number) => boolean) =>
    parts.filter(counts).reduce((sum, { size }) => sum + size, manifest ? descriptor.size : 0);
  const common = {
    descriptor,
    available: manifest !== undefined && here.every(Boolean),
    contentSize: sizeOfAll((_part, index) => here[index] ?? false),
    ownSize: sizeOfAll(({ digest }) => context.content.blobs.hasFile(digest)),
  };
  const subject = attestedBy(descriptor);
  if (subject !== undefined) return { ...common, kind: 'attestation', subject };
  const image = manifest && context.catalog.images.get(manifest.config.digest);
  const platform = image?.config ?? (isImage(descriptor) ? descriptor.platform : undefined);
  if (!platform) return { ...common, kind: 'unknown' };
  const { os, architecture, variant } = platform;
  return {
    ...common,
    kind: 'image',
    image: {
      platform: { os, architecture, ...(variant && { variant }) },
      unpackedSize: image ? sizeOf(image) : 0,
      containers: image ? context.users(image.id).map(({ containerId }) => containerId) : [],
    },
  };
}

/** The digest of the manifest that this one attests to; undefined for everything else. */
export const attestedBy = ({ annotations }: Descriptor): string | undefined =>
  annotations?.[REFERENCE_TYPE] === ATTESTATION_TYPE ? annotations[ATTESTATION_SUBJECT] : undefined;

const isImage = ({ platform, artifactType }: Descriptor): boolean =>
  artifactType === undefined && platform !== undefined && platform.os !== 'unknown';
