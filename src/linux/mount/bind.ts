import { realpathSync, statSync } from 'node:fs';
import { errnoNumber, SystemError } from '../errno.ts';
import { AT_EMPTY_PATH, AT_FDCWD, AT_RECURSIVE, O_CLOEXEC } from '../ffi/constants.ts';
import { close } from '../ffi/descriptors.ts';
import {
  MOUNT_ATTR_IDMAP,
  MOUNT_ATTR_RDONLY,
  MOVE_MOUNT_F_EMPTY_PATH,
  MOVE_MOUNT_T_SYMLINKS,
  MS_BIND,
  MS_NODEV,
  MS_NOEXEC,
  MS_NOSUID,
  MS_PRIVATE,
  MS_REC,
  MS_SHARED,
  MS_SLAVE,
  mount,
  mountSetattr,
  moveMount,
  OPEN_TREE_CLONE,
  openTree,
} from '../ffi/mount.ts';
import { listMounts } from './list.ts';
import { unmount } from './unmount.ts';

/**
 * What the copy shares with the mounts it was made of (mount_namespaces(7)). Without it a copy of a shared mount is
 * its peer, and to unmount what lies below the copy unmounts the original.
 */
export type Propagation = 'private' | 'slave';

const PROPAGATION: Readonly<Record<Propagation, number>> = { private: MS_PRIVATE, slave: MS_SLAVE };

export interface BindOptions {
  readonly recursive?: boolean;
  readonly readonly?: boolean;
  readonly propagation?: Propagation;
  /**
   * Descriptor of a user namespace: owners show as it maps them (Linux 5.12). What is mounted below the source
   * stays as it is.
   */
  readonly userns?: number;
}

/**
 * Binds a file or directory on another. The copy is made detached and gets its attributes before
 * it is attached, so that a read-only bind is never writable for an instant; nosuid, nodev and
 * noexec of the source stay.
 * @throws SystemError; EINVAL also where the file system cannot map owners
 */
export function bindMount(source: string, target: string, options: BindOptions = {}): void {
  const copy = openMountCopy(source, options);
  try {
    moveMount(copy, '', AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS);
  } finally {
    close(copy);
  }
}

/**
 * The same copy, mounted nowhere: a descriptor that leads to it until it is closed.
 * @throws as bindMount
 */
export function openMountCopy(source: string, options: BindOptions = {}): number {
  const depth = options.recursive ? AT_RECURSIVE : 0;
  const copy = openTree(AT_FDCWD, source, OPEN_TREE_CLONE | O_CLOEXEC | depth);
  try {
    if (options.readonly || options.propagation) {
      // struct mount_attr { u64 attr_set, attr_clr, propagation, userns_fd }
      const set = BigInt(options.readonly ? MOUNT_ATTR_RDONLY : 0);
      const propagation = BigInt(options.propagation ? PROPAGATION[options.propagation] : 0);
      const attributes = new BigUint64Array([set, 0n, propagation, 0n]);
      mountSetattr(copy, '', AT_EMPTY_PATH | depth, attributes, attributes.byteLength);
    }
    if (options.userns !== undefined) {
      const attributes = new BigUint64Array([BigInt(MOUNT_ATTR_IDMAP), 0n, 0n, BigInt(options.userns)]);
      mountSetattr(copy, '', AT_EMPTY_PATH, attributes, attributes.byteLength);
    }
    return copy;
  } catch (error) {
    close(copy);
    throw error;
  }
}

/**
 * Binds a directory on itself and makes it a shared mount of a peer group of its own, once; true
 * when it had to. What is mounted below it afterwards shows in mount namespaces made afterwards
 * (the isolated spawner's), whatever the propagation of `/` is.
 */
export function shareMount(path: string): boolean {
  const directory = realpathSync(path);
  const top = listMounts().findLast((entry) => entry.mountPoint === directory);
  if (top?.propagation.some((tag) => tag.startsWith('shared:'))) return false;
  mount(directory, directory, null, MS_BIND, null);
  shareAnew(directory);
  return true;
}

/**
 * A file system in memory (tmpfs) on a directory, of the directory's mode: a shared mount of a peer group of its own.
 * `source` is the name that the list of mounts has for it.
 */
export function mountSharedMemory(path: string, source: string): void {
  const mode = (statSync(path).mode & 0o7777).toString(8);
  mount(source, path, 'tmpfs', MS_NOSUID | MS_NODEV | MS_NOEXEC, `mode=${mode}`);
  shareAnew(path);
}

/**
 * Private first: what is mounted below a shared mount joins that mount's peer group, or is copied to its peers, and
 * what we mount would then show in every other namespace of the host.
 */
function shareAnew(mountPoint: string): void {
  mount(null, mountPoint, null, MS_PRIVATE, null);
  mount(null, mountPoint, null, MS_SHARED, null);
}

/**
 * Unmounts a tree that may be a peer of somebody else's: it leaves their peer groups first, so that nothing of it
 * is unmounted elsewhere. Missing is fine. @throws SystemError
 */
export async function unmountCopy(path: string): Promise<void> {
  const result = mount.attempt(null, path, null, MS_PRIVATE | MS_REC, null);
  // EINVAL: not a mount point.
  if (result < 0 && result !== -errnoNumber('EINVAL') && result !== -errnoNumber('ENOENT')) {
    throw new SystemError('mount', ['NULL', path, 'MS_PRIVATE|MS_REC'], -result);
  }
  await unmount(path);
}
