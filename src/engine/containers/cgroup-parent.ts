import { join } from 'node:path';
import { invalid } from '#lib/errors';

/** systemd.unit(5); the dashes of a slice's name are the levels above it, none of which is empty. */
const SLICE = /^(-|[\w:.\\]+(-[\w:.\\]+)*)\.slice$/;

/**
 * With the systemd driver a parent is a slice, which systemd makes when it is not there.
 * @throws invalid
 */
export function checkCgroupParent(parent: string, systemdCgroup: boolean): void {
  if (systemdCgroup && parent !== '' && !SLICE.test(parent)) {
    throw invalid(`cgroup-parent for systemd cgroup should be a valid slice named as "xxx.slice"`);
  }
}

/**
 * A container's cgroup in the runtime's terms: a path below the root of each hierarchy, or, for systemd, slice, prefix
 * and name of a scope that says whose it is.
 */
export function cgroupsPath(id: string, parent: string, systemdCgroup: boolean): string {
  return systemdCgroup ? `${parent}:berth:${id}` : join('/', parent, id);
}
