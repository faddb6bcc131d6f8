import { statfsSync } from 'node:fs';
import { codeOf, systemError } from '#lib/errors';

/** Bytes written between two looks at the free space; on a small disk a quarter of its reserve. */
const CHECK_EVERY = 64 << 20;
/** What a layer may never take: the last 2 % of the file system, at most this much. */
const LARGEST_RESERVE = 512 << 20;

/** A small archive can hold a huge tree: it must not fill the disk that everything else lives on. Call the result before so many bytes are written. */
export function spaceGuard(place: string): (bytes: number) => void {
  const { blocks, bsize } = statfsSync(place);
  const reserve = Math.min(LARGEST_RESERVE, (blocks * bsize) / 50);
  const step = Math.min(CHECK_EVERY, reserve / 4);
  let unchecked = step;
  return (bytes) => {
    unchecked += bytes;
    if (unchecked < step) return;
    unchecked = 0;
    const free = statfsSync(place).bavail * bsize;
    if (free < reserve) {
      throw systemError(
        `no space left on device: unpacking this layer would leave less than ${Math.floor(reserve / 2 ** 20)} MiB free`,
      );
    }
  };
}

/** What to say of a disk that got full all the same; other errors are what they are. */
export function sayFull(error: unknown): unknown {
  const code = codeOf(error);
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return systemError(
    'no space left on device while unpacking a layer: free some space, then try again',
    error,
  );
}
