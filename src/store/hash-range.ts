import type { Hash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

const CHUNK = 1 << 20;

/** Feeds a part of a file to a hash, in a thread that may block. Tells where it ended: before `end` if the file does. */
export function hashRange(hash: Hash, path: string, start: number, end: number): number {
  const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK, end - start));
  const fd = openSync(path, 'r');
  try {
    let position = start;
    while (position < end) {
      const count = readSync(fd, chunk, 0, Math.min(CHUNK, end - position), position);
      if (count === 0) break;
      hash.update(chunk.subarray(0, count));
      position += count;
    }
    return position;
  } finally {
    closeSync(fd);
  }
}
