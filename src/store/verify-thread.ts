// A thread that reads and hashes: gigabytes of it would hold up the event loop.
import { createHash } from 'node:crypto';
import { serve } from '#lib/thread';
import { hashRange } from './hash-range.ts';

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
  hashRange(result, path, start, start + length);
  return result.digest('hex');
}

const jobs: VerifyJobs = { hash };

serve(jobs);
