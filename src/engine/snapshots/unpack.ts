import { cancelled, invalid, isKind } from '#lib/errors';
import { runJob } from '#lib/job';
import { abortRing, newRing } from '#lib/ring';
import type { DecompressInput, DecompressNews } from './decompress-thread.ts';
import type { Unpacked, UnpackInput } from './unpack-thread.ts';

export interface UnpackJob {
  /** The layer as stored. */
  readonly blob: string;
  readonly diffId: string;
  /** An empty directory that becomes the layer's tree; what is in it after a failure is the caller's to remove. */
  readonly target: string;
  /** Path of igzip(1), if there is one: it is four times as fast as zlib. */
  readonly igzip: string | undefined;
  readonly onProgress?: (bytes: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Unpacks one layer with two threads of its own: one reads, decompresses and hashes, the other, chrooted
 * into the target, writes. Decompressing and hashing a layer costs about as much as half of the writing,
 * and neither has a place in the daemon's event loop.
 * @throws invalid for a broken or hostile layer; system when the disk is full; cancelled
 */
export async function unpackLayer(job: UnpackJob): Promise<Unpacked> {
  const { blob, diffId, target, igzip, signal } = job;
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
      { blob, ring, igzip },
      ({ bytes }) => job.onProgress?.(bytes),
    ).catch(orAbort);
    const unpacked = runJob<UnpackInput, Unpacked>(new URL('./unpack-thread.ts', import.meta.url), {
      target,
      ring,
    }).catch(orAbort);
    // Both must have ended before anybody touches the target.
    const [digest, result] = await Promise.allSettled([decompressed, unpacked]);
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
