import { rmdirSync } from 'node:fs';
import { readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '#lib/errors';
import { isAbsent } from './files.ts';

/**
 * rmdir of a cgroup's directory in each hierarchy and, where it has any, its children first. True when
 * all are gone; false while processes are in one: a killed one leaves a moment after it was reported dead.
 *
 * The first waits in the thread pool for the kernel's lock, which is then free for the others: 10 us
 * each, a tenth of what it costs to hand them over.
 */
export async function tryRemoveAll(directories: readonly string[]): Promise<boolean> {
  const [first, ...others] = directories;
  if (first === undefined) return true;
  let removed = await tryRemove(first, rmdir);
  for (const directory of others) removed = (await tryRemove(directory, rmdirSync)) && removed;
  return removed;
}

async function tryRemove(
  directory: string,
  removeDirectory: (path: string) => Promise<void> | void,
): Promise<boolean> {
  const remove = async () => {
    try {
      await removeDirectory(directory);
      return true;
    } catch (error) {
      if (isAbsent(error)) return true;
      // On a plain file system (a fixture, or below a hidden hierarchy) it is ENOTEMPTY.
      if (codeOf(error) !== 'EBUSY' && codeOf(error) !== 'ENOTEMPTY') throw error;
      return false;
    }
  };
  if (await remove()) return true;
  const children = await childrenOf(directory);
  if (children.length === 0 || !(await tryRemoveAll(children))) return false;
  return remove();
}

/** Cgroups below a cgroup. */
export async function childrenOf(directory: string): Promise<string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => join(directory, entry.name));
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}
