import { cancelled, invalid, isKind } from '#lib/errors';
import { runJob } from '#lib/job';
import { abortRing, newRing, type RingMemory } from '#lib/ring';
import type { DecompressInput, DecompressNews } from './decompress-thread.ts';
import type { ImageTarget, WrittenLayer } from './finish-image.ts';
import type { ImageInput } from './image-thread.ts';
import type { StoredLayer } from './snapshots.ts';
import type { Unpacked, UnpackInput } from './unpack-thread.ts';

export interface UnpackJob {
  readonly stored: StoredLayer;
  readonly diffId: string;
  /** Path of igzip(1), if there is one: it is four times as fast as zlib. */
  readonly igzip: string | undefined;
  readonly onProgress?: (bytes: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Unpacks one layer into `target`, an empty directory that becomes the layer's tree; what is in it after a failure
 * is the caller's to remove.
 * @throws invalid for a broken or hostile layer; system when the disk is full; cancelled
 */
export const unpackLayer = (job: UnpackJob, target: string): Promise<Unpacked> =>
  readInto(job, (ring) =>
    runJob<UnpackInput, Unpacked>(new URL('./unpack-thread.ts', import.meta.url), { target, ring }),
  );

/** The same into a new file. @throws as unpackLayer; UnfitLayer */
export const writeImage = (job: UnpackJob, image: ImageTarget): Promise<WrittenLayer> =>
  readInto(job, (ring) =>
    runJob<ImageInput, WrittenLayer>(new URL('./image-thread.ts', import.meta.url), { ...image, ring }),
  );

/**
 * Two threads for each layer: one reads, decompresses and hashes, the other writes. Decompressing and hashing a
 * layer costs about as much as half of the writing, and neither has a place in the daemon's event loop.
 */
async function readInto<T>(job: UnpackJob, write: (ring: RingMemory) => Promise<T>): Promise<T> {
  const { stored, diffId, igzip, signal } = job;
  if (signal?.aborted) throw cancelled();
  const ring = newRing();
  const abort = () => abortRing(ring);
  const orAbort = (error: unknown): never => {
    abort();
    throw error;
  };
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const decompressed = runJob<DecompressInput, string, DecompressNews>(
      new URL('./decompress-thread.ts', import.meta.url),
      { stored: { path: stored.path, ...(stored.part && { part: stored.part }) }, ring, igzip },
      ({ bytes }) => job.onProgress?.(bytes),
    ).catch(orAbort);
    // Both must have ended before anybody touches what was written.
    const [digest, result] = await Promise.allSettled([decompressed, write(ring).catch(orAbort)]);
    if (digest.status === 'rejected' || result.status === 'rejected') throw cause([digest, result]);
    if (digest.value !== diffId) {
      throw invalid(`layer verification failed: expected diff id ${diffId}, got ${digest.value}`);
    }
    return result.value;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

/** The thread that failed first makes the other one see `cancelled`. */
function cause(results: readonly PromiseSettledResult<unknown>[]): unknown {
  const reasons: unknown[] = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason] : [],
  );
  return reasons.find((reason) => !isKind(reason, 'cancelled')) ?? reasons[0];
}
