import { createHash } from 'node:crypto';
import { serve } from '#lib/thread';
import { hashRange } from './hash-range.ts';

/** Hashes a file that is still growing, in order, as far as it is told. */
function fileHasher() {
  const hash = createHash('sha256');
  let position = 0;
  return {
    advance(path: string, end: number): void {
      position = hashRange(hash, path, position, end);
      if (position < end) throw new Error('the file of an arriving blob became shorter');
    },
    digest: (): string => `sha256:${hash.digest('hex')}`,
  };
}

export type FileHasher = ReturnType<typeof fileHasher>;

serve(fileHasher());
