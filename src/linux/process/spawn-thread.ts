import { unsupported } from '#lib/errors';
import { serve } from '#lib/thread';
import { CLONE_FS, CLONE_NEWNS, O_CLOEXEC, O_PATH } from '../ffi/constants.ts';
import { open } from '../ffi/descriptors.ts';
import { MNT_DETACH, MS_PRIVATE, MS_REC, MS_SLAVE, mount, umount2 } from '../ffi/mount.ts';
import { unshare } from '../ffi/namespaces.ts';
import { bindMount, listMounts, mountTmpfs } from '../mount/index.ts';
import { spawnProcess } from './spawn.ts';

const NULL = '/dev/null';
const UNIFIED = '/sys/fs/cgroup/unified';

/**
 * The worker thread of the isolated spawner. A program spawned here starts in this thread's mount
 * namespace; the rest of the process stays in the host's.
 */
const handlers = {
  /**
   * Leaves the host's mount namespace and hides the v2 hierarchy from what is spawned. Only
   * /sys/fs/cgroup becomes private: every other mount stays in the host's peer groups, so a
   * volume bound with rshared propagates both ways. Returns a descriptor of what lies below.
   */
  isolate(hideUnified: boolean): number | undefined {
    unshare(CLONE_FS | CLONE_NEWNS);
    if (!hideUnified) return undefined;
    mount(null, '/sys/fs/cgroup', null, MS_PRIVATE | MS_REC, null);
    // What a user namespace has from the host's mount namespace it can cover, not take off.
    if (umount2.attempt(UNIFIED, MNT_DETACH) < 0) mountTmpfs(UNIFIED, 'mode=755');
    return open(UNIFIED, O_PATH | O_CLOEXEC, 0);
  },
  /** A read-only bind, in this mount namespace alone: the device takes what is written to it, the node no owner. */
  guardNull(): void {
    if (
      listMounts()
        .findLast(({ mountPoint }) => mountPoint === NULL)
        ?.options.includes('ro')
    )
      return;
    // Only /dev: mounts of the host show here, ours not there.
    if (mount.attempt(null, '/dev', null, MS_SLAVE, null) < 0) {
      throw unsupported('user namespaces need a /dev that is a file system of its own');
    }
    bindMount(NULL, NULL, { readonly: true });
  },
  spawn: spawnProcess,
  /** Synchronous: libuv's pool, where `unmount` would work, is in the host's mount namespace. */
  unmountCopy(path: string): void {
    mount.attempt(null, path, null, MS_PRIVATE | MS_REC, null);
    umount2.attempt(path, MNT_DETACH);
  },
};
export type SpawnThread = typeof handlers;

serve(handlers);
