import { lstatSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '#lib/errors';

/** Bytes of a file from which on its blocks take a while to be given back. */
const LARGE = 1 << 20;

/** Removes a directory of a few files, some of which may be large, symlinks unfollowed; missing is fine. */
export async function removeTree(path: string): Promise<void> {
  try {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const child = join(path, entry.name);
      if (entry.isDirectory()) await removeTree(child);
      else if (lstatSync(child).size >= LARGE) await unlink(child);
      else removeFile(child);
    }
    rmdirSync(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

/**
 * The same for small files only, at once: 3 us each, when to hand one to the thread pool costs ten times
 * that. In a cgroup file system the files of a directory cannot be removed and go with it.
 */
export function removeTreeSync(path: string): void {
  try {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const child = join(path, entry.name);
      if (entry.isDirectory()) removeTreeSync(child);
      else removeFile(child);
    }
    rmdirSync(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'EPERM' && code !== 'ENOENT') throw error;
  }
}
