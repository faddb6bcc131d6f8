import { AT_FDCWD, AT_SYMLINK_NOFOLLOW } from '../ffi/constants.ts';
import * as c from '../ffi/files.ts';

/** glibc's makedev(3): major and minor are spread over 64 bits. */
const deviceNumber = (major: number, minor: number): number =>
  Number(
    (BigInt(major & 0xfff) << 8n) |
      (BigInt(major >>> 12) << 44n) |
      BigInt(minor & 0xff) |
      (BigInt(minor >>> 8) << 20n),
  );

/** mknod(2); `mode` has the type bits (`S_IFCHR`...). The umask applies. @throws SystemError */
export function makeNode(path: string, mode: number, major: number, minor: number): void {
  c.mknod(path, mode, deviceNumber(major, minor));
}

/** mkfifo(3). The umask applies. @throws SystemError */
export function makeFifo(path: string, mode: number): void {
  c.mkfifo(path, mode);
}

/** lchown(2). @throws SystemError */
export function lchown(path: string, uid: number, gid: number): void {
  c.lchown(path, uid, gid);
}

const SECOND = 1_000_000_000n;

/** utimensat(2) of the path itself, never of what a symlink points at; nanoseconds since the epoch, negative ones too. @throws SystemError */
export function setTimes(path: string, atimeNs: bigint, mtimeNs: bigint): void {
  const times = new BigInt64Array(4);
  [atimeNs, mtimeNs].forEach((time, i) => {
    // A timespec's nanoseconds are never negative: seconds are rounded down.
    const nanoseconds = ((time % SECOND) + SECOND) % SECOND;
    times[i * 2] = (time - nanoseconds) / SECOND;
    times[i * 2 + 1] = nanoseconds;
  });
  c.utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW);
}
