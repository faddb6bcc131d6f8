import { invalid } from '#lib/errors';
import { parseDigest } from '#oci/digest';
import { type Descriptor, MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES } from '#oci/image';
import { Layout, type LayoutFiles } from '#oci/layout';
import { parseReference, withDefaultTag } from '#oci/reference';
import { chainOf } from './assemble.ts';
import type { BuiltLayer } from './build-content.ts';
import type { Work } from './content.ts';
import type { ImagesContext } from './context.ts';
import { unpackLayer } from './install.ts';
import { targetOf } from './manifests.ts';
import { asked, connect, type RegistryAuth } from './registry.ts';

/** Content that lies elsewhere, below what one name stands for. What comes out of it is verified. */
export interface ForeignContent extends AsyncDisposable {
  readonly root: Descriptor;
  /** A document. @throws notFound, invalid */
  read(descriptor: Descriptor): Promise<Uint8Array>;
  /** Anything. @throws notFound */
  open(descriptor: Descriptor): Promise<AsyncIterable<Uint8Array>>;
}

/** What a registry has under a name. @throws notFound, unauthorized, unavailable */
export async function openRegistry(
  context: ImagesContext,
  name: string,
  { auth, signal }: { readonly auth?: RegistryAuth; readonly signal?: AbortSignal },
): Promise<ForeignContent> {
  const reference = withDefaultTag(parseReference(name));
  const repository = await connect(context, reference, auth, 'pull');
  try {
    const wanted = reference.digest ?? reference.tag ?? '';
    const root = await asked(reference, 'pull', () => repository.manifest(wanted, signal));
    return {
      root: root.descriptor,
      async read(descriptor) {
        if (descriptor.digest === root.descriptor.digest) return root.content;
        if (descriptor.size > MAX_CONFIG_BYTES)
          throw invalid(`${descriptor.digest} is too large to be a document`);
        // A manifest is asked for under another address than other content.
        if (/(?:manifest|index)/.test(descriptor.mediaType))
          return (await repository.manifest(descriptor.digest, signal)).content;
        return Buffer.concat(await Array.fromAsync(repository.blob(descriptor, {}, signal)));
      },
      open: async (descriptor) => repository.blob(descriptor, {}, signal),
      [Symbol.asyncDispose]: async () => await repository[Symbol.asyncDispose](),
    };
  } catch (error) {
    await repository[Symbol.asyncDispose]();
    throw error;
  }
}

/** What an OCI layout has under a tag or a digest. @throws notFound, invalid */
export async function openForeignLayout(files: LayoutFiles, reference: string): Promise<ForeignContent> {
  const layout = await Layout.open(files);
  const root = layout.index.manifests.find(
    ({ digest, annotations }) =>
      digest === reference || annotations?.['org.opencontainers.image.ref.name'] === reference,
  );
  if (!root) throw invalid(`it has nothing called ${reference}`);
  return {
    root,
    read: (descriptor) => layout.read(descriptor),
    open: (descriptor) => layout.blob(descriptor),
    [Symbol.asyncDispose]: async () => {},
  };
}

/** What an image of this engine consists of. @throws notFound */
export function openOwn(context: ImagesContext, name: string): ForeignContent {
  const { blobs } = context.content;
  const { image, name: known } = context.catalog.find(name);
  return {
    root: targetOf(context, image, known),
    read: ({ digest }) => blobs.read(digest, Math.max(MAX_MANIFEST_BYTES, MAX_CONFIG_BYTES)),
    open: async ({ digest }) => blobs.open(digest),
    [Symbol.asyncDispose]: async () => {},
  };
}

export interface ForeignLayer {
  readonly diffId: string;
  readonly blob: Descriptor;
}

/** Stores what is not here yet. It is held. @throws notFound, invalid, cancelled */
export async function storeForeign(
  { content }: Pick<ImagesContext, 'content'>,
  work: Work,
  blob: Descriptor,
  source: Pick<ForeignContent, 'open'>,
  signal?: AbortSignal,
): Promise<void> {
  work.hold(blob.digest);
  if (await content.blobs.has(blob.digest)) return;
  const { digest, size } = blob;
  await content.blobs.write(await source.open(blob), { digest, size, hold: work.hold }, signal);
}

/** Layers, bottom first, stored, unpacked and held as if they had been made here. @throws notFound, invalid, cancelled */
export async function bringLayers(
  context: ImagesContext,
  work: Work,
  layers: readonly ForeignLayer[],
  source: Pick<ForeignContent, 'open'>,
  signal?: AbortSignal,
): Promise<BuiltLayer[]> {
  const brought: BuiltLayer[] = [];
  for (const { diffId, blob } of layers) {
    const chainId = chainOf([...brought, { diffId }]);
    work.hold(chainId);
    await storeForeign(context, work, blob, source, signal);
    const layer = { diffId: parseDigest(diffId), chainId, blob };
    await unpackLayer(context.content, layer, brought.at(-1)?.chainId, { signal });
    brought.push(layer);
  }
  return brought;
}
