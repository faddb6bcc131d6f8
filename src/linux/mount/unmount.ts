import { close as closeInPool } from 'node:fs';
import { codeOf } from '#lib/errors';
import { errnoNumber } from '../errno.ts';
import { O_CLOEXEC, O_PATH } from '../ffi/constants.ts';
import { open } from '../ffi/descriptors.ts';
import { MNT_DETACH, UMOUNT_NOFOLLOW, umount2 } from '../ffi/mount.ts';

/**
 * Takes off what is mounted on top of `path` (umount2(2), MNT_DETACH), in the thread pool: an
 * overlay's umount syncs its upper and waits for RCU, 1-20 ms. Missing mounts and paths are fine.
 */
export async function unmount(path: string): Promise<void> {
  try {
    await umount2.async(path, MNT_DETACH | UMOUNT_NOFOLLOW);
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'EINVAL' && code !== 'ENOENT') throw error;
  }
}

/**
 * The same for a mount that is read-only, at once: nothing is mounted there when this returns, 0.5 ms later. What
 * the kernel then has to let go of, all that it had cached, it does in the thread pool.
 */
export function unmountNow(path: string): void {
  const fd = open.attempt(path, O_PATH | O_CLOEXEC, 0);
  if (fd === -errnoNumber('ENOENT')) return;
  try {
    umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
  } catch (error) {
    if (codeOf(error) !== 'EINVAL') throw error;
  } finally {
    if (fd >= 0) closeInPool(fd, () => {});
  }
}
