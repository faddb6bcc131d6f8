import { createHash } from 'node:crypto';
import { isKind } from '#lib/errors';
import { type TeeReader, tee } from '#lib/tee';
import { findProgram } from '#linux/process';
import { type Digest, parseDigest } from '#oci/digest';
import {
  chainIds,
  type Descriptor,
  encodeDocument,
  type History,
  type ImageConfig,
  MediaType,
  type StringMap,
} from '#oci/image';
import type { Content, Work } from './content.ts';
import { gzip } from './gzip.ts';
import { type Installed, layersOf, unpackImage } from './install.ts';
import type { LayerRecord } from './record.ts';

/** The end mark of a tar and nothing else: a layer that changes nothing, which images do without. */
export const EMPTY_LAYER = 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef';

export interface NewLayer {
  readonly diffId: Digest;
  readonly blob: Descriptor;
}

/**
 * Compresses and stores a layer's tar on top of others; it becomes a layer on disk in the same pass, where layers are
 * images. It is held. Undefined when there is nothing in it.
 */
export async function storeLayer(
  content: Content,
  work: Work,
  below: readonly { readonly diffId: string }[],
  tar: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<LayerRecord | undefined> {
  const stack = below.map(({ diffId }) => parseDigest(diffId));
  const failed = new AbortController();
  const either = AbortSignal.any(signal ? [signal, failed.signal] : [failed.signal]);
  const [forBlob, forLayer] = tee(tar);
  const reading = async <T>(reader: TeeReader<Uint8Array>, result: Promise<T>): Promise<T> => {
    try {
      return await result;
    } catch (error) {
      failed.abort();
      throw error;
    } finally {
      await reader.return();
    }
  };
  const [blob, taken] = await Promise.allSettled([
    reading(forBlob, compressLayer(content, work, forBlob, either)),
    reading(forLayer, content.snapshots.receive(forLayer, chainIds(stack).at(-1), either)),
  ]);
  using received = taken.status === 'fulfilled' ? taken.value : undefined;
  if (blob.status === 'rejected' || !received) throw firstFailure([blob, taken]);
  const diffId = parseDigest(received.diffId);
  if (diffId === EMPTY_LAYER) return undefined;
  const chainId = chainOf([...below, { diffId }]);
  work.hold(chainId);
  await received.keep(chainId);
  return { diffId, chainId, blob: blob.value };
}

/** Of layers, bottom first: what the topmost is called on top of the others. */
export function chainOf(layers: readonly { readonly diffId: string }[]): Digest {
  const chain = chainIds(layers.map(({ diffId }) => parseDigest(diffId)));
  return parseDigest(chain.at(-1) ?? '');
}

/** The other was cancelled because of it. */
function firstFailure(results: readonly PromiseSettledResult<unknown>[]): unknown {
  const reasons: unknown[] = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason] : [],
  );
  return reasons.find((reason) => !isKind(reason, 'cancelled')) ?? reasons[0];
}

/** Compresses and stores a tar that is no layer. Undefined when there is nothing in it. */
export async function storeArchive(
  content: Content,
  work: Work,
  tar: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<NewLayer | undefined> {
  const hash = createHash('sha256');
  async function* hashed(): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of tar) {
      hash.update(chunk);
      yield chunk;
    }
  }
  const blob = await compressLayer(content, work, hashed(), signal);
  const diffId = parseDigest(`sha256:${hash.digest('hex')}`);
  return diffId === EMPTY_LAYER ? undefined : { diffId, blob };
}

/** Stores a layer's tar as a gzip blob. */
export async function compressLayer(
  { blobs }: Content,
  work: Work,
  tar: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<Descriptor> {
  const compressed = gzip(tar, findProgram('igzip'));
  const { digest, size } = await blobs.write(compressed, { hold: work.hold }, signal);
  return { mediaType: MediaType.ociLayerGzip, digest: parseDigest(digest), size };
}

export interface NewImage {
  /** Without rootfs and history. */
  readonly config: Omit<ImageConfig, 'rootfs' | 'history'>;
  /** Bottom first. */
  readonly layers: readonly NewLayer[];
  readonly history: readonly History[];
  /** Of the manifest. */
  readonly annotations?: StringMap;
}

/** Writes an image's config and manifest, and unpacks it. The result is not in the catalog yet. */
export async function assemble(
  content: Content,
  work: Work,
  { config, layers, history, annotations = {} }: NewImage,
  signal?: AbortSignal,
): Promise<Installed> {
  const document: ImageConfig = {
    ...config,
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history,
  };
  const configBlob = await storeDocument(content, work, document, MediaType.ociConfig);
  const manifest = {
    schemaVersion: 2 as const,
    mediaType: MediaType.ociManifest,
    config: configBlob,
    layers: layers.map(({ blob }) => blob),
    ...(Object.keys(annotations).length > 0 && { annotations }),
  };
  const target = await storeDocument(content, work, manifest, MediaType.ociManifest);
  const records: LayerRecord[] = layersOf(manifest, document.rootfs.diff_ids);
  for (const { chainId, blob } of records) {
    work.hold(chainId);
    work.hold(blob.digest);
  }
  const record = { id: configBlob.digest, manifest: target, config: document, layers: records, listed: true };
  const chosen = await unpackImage(content, record, { signal });
  const digests = [target.digest, configBlob.digest, ...records.map(({ blob }) => blob.digest)];
  return { target, chosen, images: [chosen], content: digests };
}

/** A manifest, an index or a config. */
export async function storeDocument(
  { blobs }: Content,
  work: Work,
  document: object,
  mediaType: string,
): Promise<Descriptor> {
  const { digest, size } = await blobs.write(encodeDocument(document), { hold: work.hold });
  return { mediaType, digest: parseDigest(digest), size };
}
