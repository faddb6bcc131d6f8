// A thread that reads and hashes: gigabytes of it would hold up the event loop.
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { serve } from '#lib/thread';

const CHUNK = 1 << 20;

/** Part of a file, or all of it. */
export interface HashedRange {
  readonly path: string;
  readonly start?: number;
  readonly length?: number;
}

// A type, for it must have an index signature.
export type VerifyJobs = {
  /** Hex. A file that is shorter than the range has the hash of what is there. */
  hash(algorithm: string, range: HashedRange): string;
};

function hash(
  algorithm: string,
  { path, start = 0, length = Number.POSITIVE_INFINITY }: HashedRange,
): string {
  const result = createHash(algorithm);
  const buffer = Buffer.allocUnsafeSlow(CHUNK);
  const fd = openSync(path, 'r');
  try {
    for (let done = 0; done < length; ) {
      const read = readSync(fd, buffer, 0, Math.min(CHUNK, length - done), start + done);
      if (read === 0) break;
      result.update(buffer.subarray(0, read));
      done += read;
    }
  } finally {
    closeSync(fd);
  }
  return result.digest('hex');
}

const jobs: VerifyJobs = { hash };

serve(jobs);
