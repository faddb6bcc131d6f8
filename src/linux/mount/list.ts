import { readFileSync } from 'node:fs';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW } from '../ffi/constants.ts';
import { statx } from '../ffi/mount.ts';

export interface MountInfo {
  readonly id: number;
  readonly mountPoint: string;
  /** The directory of the file system that shows here. */
  readonly root: string;
  readonly fsType: string;
  readonly source: string;
  readonly options: readonly string[];
  /** `shared:N`, `master:N`... */
  readonly propagation: readonly string[];
}

/** proc_pid_mountinfo(5) writes space, tab, newline, backslash and `#` as `\ooo`. */
export const unescapeMountField = (field: string): string =>
  field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** Parses proc_pid_mountinfo(5). */
export function parseMountInfo(text: string): MountInfo[] {
  const mounts: MountInfo[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const fields = line.split(' ');
    // Optional fields end at a lone dash; nothing before it can be one.
    const dash = fields.indexOf('-', 6);
    mounts.push({
      id: Number(fields[0]),
      root: unescapeMountField(fields[3] ?? ''),
      mountPoint: unescapeMountField(fields[4] ?? ''),
      options: (fields[5] ?? '').split(','),
      propagation: fields.slice(6, dash),
      fsType: unescapeMountField(fields[dash + 1] ?? ''),
      source: unescapeMountField(fields[dash + 2] ?? ''),
    });
  }
  return mounts;
}

/** The mounts that the calling thread sees, in mount order: of several on one point the last is on top. */
export const listMounts = (): MountInfo[] =>
  parseMountInfo(readFileSync('/proc/thread-self/mountinfo', 'utf8'));

const STATX_ATTR_MOUNT_ROOT = 0x2000n;

/** True when something is mounted on the path, binds included; a symlink is not followed. False when it is missing. */
export function isMountPoint(path: string): boolean {
  // struct statx, 256 bytes: stx_attributes is the 64-bit word at offset 8.
  const result = new BigUint64Array(32);
  if (statx.attempt(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, 0, result) < 0) return false;
  return ((result[1] ?? 0n) & STATX_ATTR_MOUNT_ROOT) !== 0n;
}
