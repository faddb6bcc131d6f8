import { readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = '/sys/fs/cgroup';

const directories = (path: string): string[] => {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(path, name));
  } catch {
    return [];
  }
};

/** Removes a cgroup that an ended engine left, in every hierarchy, with what is below. */
export function removeCgroups(name: string): void {
  for (const tree of [ROOT, ...directories(ROOT)]) remove(join(tree, name));
}

function remove(cgroup: string): void {
  for (const child of directories(cgroup)) remove(child);
  try {
    rmdirSync(cgroup);
  } catch {
    // Not in this hierarchy.
  }
}
