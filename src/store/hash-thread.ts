import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { serve } from '#lib/thread';

const PIECE = 1 << 20;

/** Hashes a file that is still growing, in order, as far as it is told. */
function fileHasher() {
  const piece = Buffer.allocUnsafe(PIECE);
  const hash = createHash('sha256');
  let position = 0;
  return {
    advance(path: string, end: number): void {
      const file = openSync(path, 'r');
      try {
        while (position < end) {
          const count = readSync(file, piece, 0, Math.min(PIECE, end - position), position);
          if (count === 0) throw new Error('the file of an arriving blob became shorter');
          hash.update(piece.subarray(0, count));
          position += count;
        }
      } finally {
        closeSync(file);
      }
    },
    digest: (): string => `sha256:${hash.digest('hex')}`,
  };
}

export type FileHasher = ReturnType<typeof fileHasher>;

serve(fileHasher());
