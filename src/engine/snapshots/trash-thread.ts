// A thread that deletes trees.
import { lstatSync, rmdirSync, unlinkSync } from 'node:fs';
import { codeOf } from '#lib/errors';
import { serve } from '#lib/thread';
import { fsPath } from '#oci/layer';
import { openDirectory } from './open-directory.ts';

export type TrashJobs = {
  /** Missing is fine. Leaves the rest when the first word of `stop` becomes 1. */
  remove(path: string, stop: Int32Array): void;
};

const jobs: TrashJobs = {
  remove(path, stop) {
    if (empty(path, stop)) rmdirSync(path);
  },
};

/**
 * A process may still have the tree mounted and swap directories for symlinks: each is entered through its
 * descriptor, and a symlink is only ever unlinked. False when it was told to stop, or there is no such directory.
 */
function empty(place: string | Buffer, stop: Int32Array): boolean {
  using directory = openDirectory(place);
  if (!directory) return false;
  for (const { name, isDirectory } of directory.unsorted()) {
    if (Atomics.load(stop, 0) !== 0) return false;
    const child = fsPath(`${directory.path}/${name}`);
    // What is no directory is unlinked at once; what is none any more has become something that can be.
    if (!isDirectory && unlinked(child)) continue;
    if (empty(child, stop)) rmdirSync(child);
    else if (Atomics.load(stop, 0) === 0) unlinked(child);
  }
  return Atomics.load(stop, 0) === 0;
}

/** False when it is a directory. */
function unlinked(place: string | Buffer): boolean {
  try {
    unlinkSync(place);
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') return true;
    // EISDIR is Linux's word; POSIX has EPERM, which an immutable file gets too.
    if (code !== 'EISDIR' && !lstatSync(place).isDirectory()) throw error;
    return false;
  }
}

serve(jobs);
