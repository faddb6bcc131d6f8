import { closeSync, openSync } from 'node:fs';
import { O_CLOEXEC, O_PATH } from '../ffi/constants.ts';
import { openat2, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS } from '../ffi/files.ts';

/**
 * Opens `path` as a process chrooted to `root` would: `..` and absolute symlinks stay below it. The
 * kernel resolves it in one step, so a container that swaps a directory for a symlink meanwhile
 * cannot lead us out (openat2(2), RESOLVE_IN_ROOT). Magic links (/proc/self/fd/...) are refused:
 * they would jump anywhere. Returns a descriptor to close. @throws SystemError
 */
export function openInRoot(root: string, path: string, flags: number, mode = 0): number {
  const directory = openSync(root, O_PATH);
  try {
    const how = BigUint64Array.of(
      BigInt(flags | O_CLOEXEC),
      BigInt(mode),
      BigInt(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS),
    );
    return openat2(directory, path, how, how.byteLength);
  } finally {
    closeSync(directory);
  }
}
