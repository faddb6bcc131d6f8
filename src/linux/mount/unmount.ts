import { codeOf } from '#lib/errors';
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
