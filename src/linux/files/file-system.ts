import { statfsSync } from 'node:fs';
import { O_CLOEXEC } from '../ffi/constants.ts';
import { close, open } from '../ffi/descriptors.ts';
import { syncfs } from '../ffi/files.ts';

/** statfs(2)'s magic numbers, by the names of `stat -f`. */
const TYPES: ReadonlyMap<number, string> = new Map([
  [0xef53, 'ext4'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0x01021994, 'tmpfs'],
  [0x794c7630, 'overlayfs'],
  [0x2fc12fc1, 'zfs'],
  [0xf2f52010, 'f2fs'],
  [0xe0f5e1e2, 'erofs'],
  [0x73717368, 'squashfs'],
  [0x6969, 'nfs'],
  [0x65735546, 'fuse'],
  [0x01021997, 'v9fs'],
  [0x4d44, 'vfat'],
  [0x858458f6, 'ramfs'],
  [0x27e0eb, 'cgroup'],
  [0x63677270, 'cgroup2'],
  [0x9fa0, 'proc'],
  [0x62656572, 'sysfs'],
]);

/** The file system that a path lies on. `freeBytes` is what an ordinary user may still fill. */
export function fileSystem(path: string): {
  /** `ext4`, `overlayfs`...; an unknown one as `0x1234`. */
  readonly type: string;
  readonly totalBytes: number;
  readonly freeBytes: number;
} {
  const { type, bsize, blocks, bavail } = statfsSync(path);
  return {
    type: TYPES.get(type) ?? `0x${type.toString(16)}`,
    totalBytes: blocks * bsize,
    freeBytes: bavail * bsize,
  };
}

/** syncfs(2) of the file system that a path lies on, in the thread pool. @throws SystemError `EIO`: data was lost */
export async function syncFs(path: string): Promise<void> {
  const fd = open(path, O_CLOEXEC, 0);
  try {
    await syncfs.async(fd);
  } finally {
    close(fd);
  }
}
