import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const CGROUP_ROOT = '/sys/fs/cgroup';

/** `hybrid`: v1 hierarchies, and a v2 one at `unified` beside them. */
export type CgroupLayout = 'v1' | 'v2' | 'hybrid';

/** Whether all is one hierarchy. To ask more costs more: on a hybrid host it waits for whoever makes or removes a cgroup. */
export const isUnified = (root = CGROUP_ROOT): boolean => existsSync(join(root, 'cgroup.controllers'));

/** What is mounted at `root`: cgroups(7). */
export function cgroupLayout(root = CGROUP_ROOT): CgroupLayout {
  if (isUnified(root)) return 'v2';
  return existsSync(join(root, 'unified', 'cgroup.controllers')) ? 'hybrid' : 'v1';
}

/** v1 controllers; other hierarchies (`systemd`) have no controller. */
const V1_CONTROLLERS: ReadonlySet<string> = new Set([
  'blkio',
  'cpu',
  'cpuacct',
  'cpuset',
  'devices',
  'freezer',
  'hugetlb',
  'memory',
  'misc',
  'net_cls',
  'net_prio',
  'perf_event',
  'pids',
  'rdma',
]);

/**
 * Controllers that limits can be set on here, by the kernel's names: block I/O is `blkio` on v1
 * and `io` on v2. On a hybrid host those of v1 only: runtimes do not use the v2 ones there.
 */
export function controllers(root = CGROUP_ROOT): ReadonlySet<string> {
  if (isUnified(root)) {
    return new Set(readFileSync(join(root, 'cgroup.controllers'), 'utf8').split(/\s+/).filter(Boolean));
  }
  // Joint hierarchies are named by all of theirs (`cpu,cpuacct`), mostly with a symlink for each.
  const names = entries(root).flatMap((entry) => entry.name.split(','));
  return new Set(names.filter((name) => V1_CONTROLLERS.has(name)));
}

/** Directories that hold a cgroup of every hierarchy: on v2 the root itself. */
export function hierarchies(root: string): string[] {
  if (isUnified(root)) return [root];
  // Not the symlinks: a directory would be visited twice.
  return entries(root).flatMap((entry) => (entry.isDirectory() ? [join(root, entry.name)] : []));
}

function entries(root: string) {
  return existsSync(root) ? readdirSync(root, { withFileTypes: true }) : [];
}
