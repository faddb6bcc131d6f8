import { rmdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '#lib/errors';
import { isAbsent } from './files.ts';

/**
 * rmdir of a cgroup directory and, where it has any, its children first. True when it is gone;
 * false while processes are in it: a killed one leaves a moment after it was reported dead. The call
 * itself takes 10 us, less than to hand it to the thread pool.
 */
export async function tryRemove(directory: string): Promise<boolean> {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    if (isAbsent(error)) return true;
    // On a plain file system (a fixture, or below a hidden hierarchy) it is ENOTEMPTY.
    if (codeOf(error) !== 'EBUSY' && codeOf(error) !== 'ENOTEMPTY') throw error;
  }
  const children = await childrenOf(directory);
  if (children.length === 0) return false;
  const removed = await Promise.all(children.map(tryRemove));
  if (!removed.every(Boolean)) return false;
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EBUSY') return false;
    if (isAbsent(error)) return true;
    throw error;
  }
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
