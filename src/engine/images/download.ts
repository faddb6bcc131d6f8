import { cancelled, isKind } from '#lib/errors';
import { shortId } from '#lib/ids';
import type { KeyedLock, Semaphore } from '#lib/lock';
import type { Descriptor } from '#oci/image';
import type { Repository } from '#oci/remote';
import type { BlobStore } from '#store';
import { downloadSegments, LARGE } from './download-segments.ts';
import type { OnProgress } from './image.ts';

export interface DownloadContext {
  readonly blobs: BlobStore;
  readonly repository: Repository;
  /** One download per blob, however many pulls want it. */
  readonly lock: KeyedLock;
  readonly slots: Semaphore;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal | undefined;
}

/** Bytes between two progress reports. */
const REPORT_EVERY = 512 * 1024;

/**
 * Fetches a layer into the store, unless it is there, and goes on where an earlier attempt broke off.
 * @throws cancelled, invalid (not what was promised), what the registry says
 */
export async function download(context: DownloadContext, layer: Descriptor): Promise<void> {
  const { blobs, lock, slots, signal } = context;
  const id = shortId(layer.digest);
  const tell = (status: string, current?: number) =>
    context.onProgress({ id, status, ...(current !== undefined && { current, total: layer.size }) });
  if (await blobs.has(layer.digest)) {
    tell('Download complete');
    return;
  }
  tell('Waiting');
  using _turn = await lock.acquire(layer.digest);
  using _slot = await slots.acquire();
  if (signal?.aborted) throw cancelled();
  if (!(await blobs.has(layer.digest)) && !(await blobs.restore(layer.digest, layer.size)))
    await fetchBlob(context, layer, tell);
  // Until the image is whole: see `BlobStore.keep`.
  await blobs.keep(layer.digest);
  tell('Download complete');
}

type Tell = (status: string, current?: number) => void;

async function fetchBlob(context: DownloadContext, layer: Descriptor, tell: Tell): Promise<void> {
  if (layer.size <= LARGE || !layer.digest.startsWith('sha256:')) return fetchWhole(context, layer, tell);
  let told = 0;
  const onProgress = (current: number) => {
    if (current - told < REPORT_EVERY) return;
    told = current;
    tell('Downloading', current);
  };
  tell('Downloading', 0);
  const onVerify = () => tell('Verifying Checksum');
  await downloadSegments({ ...context, layer, onProgress, onVerify });
}

async function fetchWhole(context: DownloadContext, layer: Descriptor, tell: Tell): Promise<void> {
  const { blobs, repository, signal } = context;
  const ingest = await blobs.ingest(layer.digest);
  const before = ingest.offset;
  // Longer than the blob: an attempt for other content, or a hostile registry.
  if (before > layer.size) await ingest.discard();
  const fresh = before > layer.size ? await blobs.ingest(layer.digest) : ingest;
  tell('Downloading', fresh.offset);
  if (fresh.offset < layer.size) {
    const content = repository.blob(layer, { offset: fresh.offset, unverified: true }, signal);
    try {
      await fresh.append(counted(content, fresh.offset, tell), signal);
    } catch (error) {
      // What is wrong is no beginning of what is right.
      if (isKind(error, 'invalid')) await fresh.discard();
      throw error;
    }
  }
  tell('Verifying Checksum');
  try {
    await fresh.commit(layer);
  } catch (error) {
    // What an earlier process left may be damaged: now all of it comes from the registry.
    if (before === 0 || before > layer.size || !isKind(error, 'invalid')) throw error;
    await fetchWhole(context, layer, tell);
  }
}

async function* counted(
  content: AsyncIterable<Uint8Array>,
  offset: number,
  tell: (status: string, current: number) => void,
): AsyncGenerator<Uint8Array, void> {
  let current = offset;
  let told = offset;
  for await (const chunk of content) {
    yield chunk;
    current += chunk.length;
    if (current - told < REPORT_EVERY) continue;
    told = current;
    tell('Downloading', current);
  }
}
