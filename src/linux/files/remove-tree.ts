import { readdir, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '#lib/errors';

/**
 * Removes a small directory of our own with all below it, symlinks unfollowed; missing is fine. A
 * third of `rm`'s calls, which looks at every file before it removes it.
 */
export async function removeTree(path: string): Promise<void> {
  try {
    const names = await readdir(path);
    await Promise.all(names.map((name) => removeEntry(join(path, name))));
    await rmdir(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

async function removeEntry(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (codeOf(error) === 'EISDIR') return removeTree(path);
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}
