import { constants } from 'node:fs';
import { invalid } from '#lib/errors';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW } from '../ffi/constants.ts';
import { mknod, utimensat } from '../ffi/files.ts';
import { cPath, type Path } from '../ffi/path.ts';

/** glibc's makedev(3): 32-bit major and minor, interleaved. */
function deviceNumber(major: number, minor: number): bigint {
  const fits = (part: number) => Number.isInteger(part) && part >= 0 && part <= 0xffffffff;
  if (!fits(major) || !fits(minor)) throw invalid(`invalid device number: ${major}:${minor}`);
  const [high, low] = [BigInt(major), BigInt(minor)];
  return (
    ((high & 0xfffff000n) << 32n) | ((high & 0xfffn) << 8n) | ((low & 0xffffff00n) << 12n) | (low & 0xffn)
  );
}

/** mknod(2); mode has the type bits (S_IFCHR...) and is cut by the umask. @throws SystemError */
export function makeNode(path: Path, mode: number, major: number, minor: number): void {
  mknod(cPath(path), mode, deviceNumber(major, minor));
}

/** mkfifo(3); the mode is cut by the umask. @throws SystemError */
export function makeFifo(path: Path, mode: number): void {
  mknod(cPath(path), constants.S_IFIFO | (mode & 0o7777), 0n);
}

const NANO = 1_000_000_000n;

/** utimensat(2), not following a symlink; times in nanoseconds since the epoch, also before it. @throws SystemError */
export function setTimes(path: Path, atimeNs: bigint, mtimeNs: bigint): void {
  const times = new BigInt64Array([atimeNs, mtimeNs].flatMap(timespec));
  utimensat(AT_FDCWD, cPath(path), times, AT_SYMLINK_NOFOLLOW);
}

/** `struct timespec`: the nanoseconds are never negative. */
function timespec(time: bigint): [bigint, bigint] {
  const nanoseconds = ((time % NANO) + NANO) % NANO;
  return [(time - nanoseconds) / NANO, nanoseconds];
}
