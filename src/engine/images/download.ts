import { cancelled } from '#lib/errors';
import { shortId } from '#lib/ids';
import type { KeyedLock, Semaphore } from '#lib/lock';
import type { Descriptor } from '#oci/image';
import type { Repository } from '#oci/remote';
import type { BlobStore } from '#store';
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
  if (!(await blobs.has(layer.digest))) await fetchBlob(context, layer, tell);
  tell('Download complete');
}

async function fetchBlob(
  { blobs, repository, signal }: DownloadContext,
  layer: Descriptor,
  tell: (status: string, current?: number) => void,
): Promise<void> {
  const ingest = await blobs.ingest(layer.digest);
  // Longer than the blob: an attempt for other content, or a hostile registry.
  if (ingest.offset > layer.size) await ingest.discard();
  const fresh = ingest.offset > layer.size ? await blobs.ingest(layer.digest) : ingest;
  tell('Downloading', fresh.offset);
  if (fresh.offset < layer.size) {
    const content = repository.blob(layer, { offset: fresh.offset }, signal);
    await fresh.append(counted(content, fresh.offset, tell), signal);
  }
  tell('Verifying Checksum');
  await fresh.commit(layer);
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
