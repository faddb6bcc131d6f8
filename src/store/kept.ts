import { link, rename, rm, stat } from 'node:fs/promises';
import { codeOf } from '#lib/errors';

/**
 * Second names of blobs that have arrived for something that is not whole yet: when it is given up, or the process
 * dies, the blob goes and the second name stays for a while, so that the next attempt need not fetch it again.
 */
export async function keepBlob(blob: string, kept: string): Promise<void> {
  try {
    await link(blob, kept);
  } catch (error) {
    // Not every file system has links; and without one nothing is lost but time.
    if (codeOf(error) !== 'EEXIST' && codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EPERM') throw error;
  }
}

/** False when there is none. It was verified when it arrived. */
export async function restoreBlob(kept: string, blob: string, size: number): Promise<boolean> {
  try {
    if ((await stat(kept)).size !== size) return false;
    await rename(kept, blob);
    // Two names of one file: then rename does nothing.
    await rm(kept, { force: true });
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}
