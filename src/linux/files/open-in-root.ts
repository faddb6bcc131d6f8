import { constants } from 'node:fs';
import { errnoNumber, SystemError } from '../errno.ts';
import { O_CLOEXEC, O_PATH } from '../ffi/constants.ts';
import { close, open } from '../ffi/descriptors.ts';
import { openat2, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS } from '../ffi/files.ts';

/** The kernel gives up with EAGAIN when something on the way was renamed meanwhile. */
const ATTEMPTS = 128;

/**
 * openat2(2) with RESOLVE_IN_ROOT: opens `path` as a process chrooted to `root` would; `..` and
 * absolute symlinks stay below `root`, whatever is renamed meanwhile. Magic links (/proc/PID/fd)
 * are refused: they would lead out. Returns a close-on-exec descriptor. `mode` only counts with
 * O_CREAT.
 * @throws SystemError
 */
export function openInRoot(root: string, path: string, flags: number, mode = 0o666): number {
  const directory = open(root, O_PATH | constants.O_DIRECTORY | O_CLOEXEC, 0);
  try {
    // struct open_how { u64 flags, mode, resolve }; a mode without O_CREAT is EINVAL.
    const creates = (flags & constants.O_CREAT) !== 0;
    const how = new BigUint64Array([
      BigInt(flags | O_CLOEXEC),
      creates ? BigInt(mode & 0o7777) : 0n,
      RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
    ]);
    for (let attempt = 1; ; attempt++) {
      const fd = openat2.attempt(directory, path, how, how.byteLength);
      if (fd >= 0) return fd;
      if (fd !== -errnoNumber('EAGAIN') || attempt === ATTEMPTS) {
        throw new SystemError('openat2', [root, path], -fd);
      }
    }
  } finally {
    close(directory);
  }
}
