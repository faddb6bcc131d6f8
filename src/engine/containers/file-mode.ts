import type { Stats } from 'node:fs';

const DIRECTORY = 2 ** 31;
const SYMLINK = 2 ** 27;
const DEVICE = 2 ** 26;
const NAMED_PIPE = 2 ** 25;
const SOCKET = 2 ** 24;
const SETUID = 2 ** 23;
const SETGID = 2 ** 22;
const CHARACTER_DEVICE = 2 ** 21;
const STICKY = 2 ** 20;

/** A mode as Go's os.FileMode has it, which is what Docker's API carries. */
export function goFileMode(stats: Stats): number {
  const { mode } = stats;
  let bits = mode & 0o777;
  if (stats.isDirectory()) bits += DIRECTORY;
  else if (stats.isSymbolicLink()) bits += SYMLINK;
  else if (stats.isFIFO()) bits += NAMED_PIPE;
  else if (stats.isSocket()) bits += SOCKET;
  else if (stats.isBlockDevice()) bits += DEVICE;
  else if (stats.isCharacterDevice()) bits += DEVICE + CHARACTER_DEVICE;
  if (mode & 0o4000) bits += SETUID;
  if (mode & 0o2000) bits += SETGID;
  if (mode & 0o1000) bits += STICKY;
  return bits;
}
