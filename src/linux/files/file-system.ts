import { statfsSync } from 'node:fs';

/** statfs(2) magic numbers of the file systems that an operator may have below a data root (linux/magic.h). */
const TYPES: Readonly<Record<number, string>> = {
  0xef53: 'extfs',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
  0x01021994: 'tmpfs',
  0x794c7630: 'overlayfs',
  0x2fc12fc1: 'zfs',
  0xf2f52010: 'f2fs',
  0x6969: 'nfs',
  0xe0f5e1e2: 'erofs',
};

export interface FileSystem {
  /** `extfs`, `xfs`...; the magic number in hex for one that has no name here. */
  readonly type: string;
  readonly totalBytes: number;
  /** Free for us: what is reserved for root counts. */
  readonly freeBytes: number;
}

/** statfs(2). Throws Node's error (ENOENT) when the path is missing. */
export function fileSystem(path: string): FileSystem {
  const { type, bsize, blocks, bfree } = statfsSync(path);
  return {
    type: TYPES[type] ?? `0x${type.toString(16)}`,
    totalBytes: blocks * bsize,
    freeBytes: bfree * bsize,
  };
}
