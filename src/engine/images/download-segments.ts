import { cancelled, isKind, unsupported } from '#lib/errors';
import type { Descriptor } from '#oci/image';
import type { Repository } from '#oci/remote';
import { type BlobStore, SEGMENT_BYTES, type SegmentedIngest } from '#store';

/** What has more than this arrives at several places at once. */
export const LARGE = 2 * SEGMENT_BYTES;
/** What is called larger is no layer, and would only take memory for its map. */
const LARGEST = 2 ** 40;
/** Requests at a time for one layer: on lines that lose packets each has its own speed. */
const CONNECTIONS = 4;
/** How long one segment may take alone: at more than 50 MB/s it takes less. */
const PATIENCE_MS = 150;

export interface SegmentedDownload {
  readonly blobs: BlobStore;
  readonly repository: Repository;
  readonly layer: Descriptor;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (current: number) => void;
  readonly onVerify: () => void;
}

/**
 * Fetches a large layer by ranges in parallel, where the server knows ranges. Memory does not grow with the layer.
 * What has arrived stays, whatever happens. @throws cancelled, invalid, what the registry says
 */
export async function downloadSegments(download: SegmentedDownload): Promise<void> {
  const { digest, size } = download.layer;
  if (size > LARGEST) throw unsupported(`layer ${digest} is too large: ${size} bytes, at most ${LARGEST}`);
  const resumed = await attempt(download);
  // What an earlier process left may be damaged (the machine died): what is wrong now came whole from the registry.
  if (resumed === 'damaged') await attempt(download);
}

/** @returns `damaged` when it is not what was expected, and began with what an earlier process had left */
async function attempt(download: SegmentedDownload): Promise<'whole' | 'damaged'> {
  const { blobs, layer, onVerify } = download;
  await using ingest = await blobs.segmentedIngest(layer.digest, layer.size);
  try {
    await fetchMissing(download, ingest);
  } catch (error) {
    // What is wrong is no part of what is right.
    if (isKind(error, 'invalid')) await ingest.discard();
    else await ingest.failed(error);
    throw error;
  }
  onVerify();
  try {
    await ingest.commit(layer.digest);
  } catch (error) {
    if (ingest.resumed && isKind(error, 'invalid')) return 'damaged';
    throw error;
  }
  return 'whole';
}

/**
 * The first request finds out whether the server sends parts, and whether it is slow; then others join it. A fast line
 * gains nothing by company.
 */
async function fetchMissing(download: SegmentedDownload, ingest: SegmentedIngest): Promise<void> {
  const { repository, layer, onProgress } = download;
  const failed = new AbortController();
  const signal = AbortSignal.any(download.signal ? [download.signal, failed.signal] : [failed.signal]);
  const waiting = [...ingest.missing];
  const failures: unknown[] = [];
  const workers: Promise<void>[] = [];
  const join = () => {
    while (workers.length < Math.min(CONNECTIONS, waiting.length + workers.length)) workers.push(work());
  };
  let slow: NodeJS.Timeout | undefined;
  const onAnswer = (partial: boolean) => {
    clearTimeout(slow);
    if (partial && workers.length === 1) slow = setTimeout(join, PATIENCE_MS);
  };
  const work = async (): Promise<void> => {
    try {
      for (let segment = waiting.shift(); segment; segment = waiting.shift()) {
        const { start, end, done } = segment;
        // Meanwhile a server without ranges may have sent it with another.
        if (done === end - start) continue;
        const content = repository.blob(layer, { offset: start + done, end, onAnswer }, signal);
        await ingest.receive(segment, content, { onBytes: () => onProgress(ingest.arrived), signal });
      }
    } catch (error) {
      failures.push(error);
      failed.abort();
    }
  };
  workers.push(work());
  // Others join while the first is under way.
  for (let ended = 0; ended < workers.length; ended++) await workers[ended];
  clearTimeout(slow);
  if (download.signal?.aborted) throw cancelled();
  if (failures.length > 0) throw failures.find((error) => !isKind(error, 'cancelled')) ?? failures[0];
}
