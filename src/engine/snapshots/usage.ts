import { lstatSync } from 'node:fs';
import { fsPath } from '#oci/layer';
import { isWhiteout } from './changes.ts';
import { openDirectory } from './open-directory.ts';
import type { Usage } from './snapshots.ts';

/** What a directory holds: files' lengths in sum, hard links once, overlay's whiteouts not at all. */
export function usageOf(directory: string): Usage {
  const total = { size: 0, inodes: 0 };
  add(directory, total, new Set());
  return total;
}

function add(place: string | Buffer, total: { size: number; inodes: number }, seen: Set<string>): void {
  using directory = openDirectory(place);
  for (const name of directory?.names() ?? []) {
    const child = fsPath(`${directory?.path}/${name}`);
    const stats = lstatSync(child, { throwIfNoEntry: false });
    if (stats === undefined || isWhiteout(stats)) continue;
    if (stats.isDirectory()) add(child, total, seen);
    else if (stats.nlink > 1) {
      const key = `${stats.dev}:${stats.ino}`;
      if (seen.has(key)) continue;
      seen.add(key);
    }
    total.inodes++;
    if (stats.isFile()) total.size += stats.size;
  }
}
