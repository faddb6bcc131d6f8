import { invalid } from '#lib/errors';

/** Flags that exclude each other: the later one wins. */
const OPPOSITES: Readonly<Record<string, string>> = {
  ro: 'rw',
  rw: 'ro',
  noexec: 'exec',
  exec: 'noexec',
  nosuid: 'suid',
  suid: 'nosuid',
  nodev: 'dev',
  dev: 'nodev',
  sync: 'async',
  async: 'sync',
  atime: 'noatime',
  noatime: 'atime',
  diratime: 'nodiratime',
  nodiratime: 'diratime',
  relatime: 'norelatime',
  norelatime: 'relatime',
  strictatime: 'nostrictatime',
  nostrictatime: 'strictatime',
  mand: 'nomand',
  nomand: 'mand',
};
const PLAIN = new Set(['remount', 'rprivate', 'private', 'rslave', 'slave', 'rshared', 'shared', 'defaults']);
/** `name=value` options of tmpfs(5). */
const VALUED = new Set(['size', 'mode', 'uid', 'gid', 'nr_inodes', 'nr_blocks', 'mpol']);

/**
 * Options of `--tmpfs /x:size=64m,exec`, laid over Docker's `noexec,nosuid,nodev`.
 * @throws invalid `Invalid tmpfs option ["x"]`
 */
export function tmpfsOptions(given: readonly string[]): string[] {
  const result = new Map<string, string>();
  for (const option of ['noexec', 'nosuid', 'nodev', ...given]) {
    const [name = '', value] = option.split('=', 2);
    const valid = value === undefined ? name in OPPOSITES || PLAIN.has(name) : VALUED.has(name);
    if (!valid) throw invalid(`Invalid tmpfs option ["${option}"]`);
    const opposite = OPPOSITES[name];
    if (opposite !== undefined) result.delete(opposite);
    if (name !== 'defaults') result.set(name, option);
  }
  return [...result.values()];
}

export const splitOptions = (text: string): string[] => text.split(',').filter((option) => option !== '');
