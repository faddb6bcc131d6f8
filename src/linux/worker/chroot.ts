import { isMainThread } from 'node:worker_threads';
import { CLONE_FS, CLONE_NEWNS, O_CLOEXEC } from '../ffi/constants.ts';
import { close, open } from '../ffi/descriptors.ts';
import { MS_PRIVATE, MS_REC, mount } from '../ffi/mount.ts';
import { chdir, chroot, setns, umask, unshare } from '../ffi/namespaces.ts';

/** On the main thread libuv's pool, other threads and the whole daemon would be left in another root. */
function refuseMainThread(call: string): void {
  if (isMainThread) throw new Error(`${call} is for worker threads`);
}

/**
 * unshare(CLONE_FS) then chroot(2): this OS thread only. After it, only synchronous calls of this
 * thread see the new root: promises of node:fs run on libuv's threads, which do not. umask is set
 * to 0. Import everything first: modules of the host can no longer be found.
 * @throws SystemError
 */
export function chrootThread(root: string): void {
  refuseMainThread('chrootThread');
  unshare(CLONE_FS);
  chroot(root);
  chdir('/');
  umask(0);
}

/**
 * Moves the current thread into the mount namespace of a process (setns(2) CLONE_NEWNS after
 * unshare(CLONE_FS)), at its root: to read and write what a running container sees. The rules of
 * `chrootThread` hold, and /proc is the container's.
 * @throws SystemError
 */
export function enterMountNamespace(pid: number): void {
  refuseMainThread('enterMountNamespace');
  const namespace = open(`/proc/${pid}/ns/mnt`, O_CLOEXEC, 0);
  try {
    unshare(CLONE_FS);
    setns(namespace, CLONE_NEWNS);
    umask(0);
  } finally {
    close(namespace);
  }
}

/**
 * Gives the current thread a mount namespace of its own (unshare(2) CLONE_NEWNS): what it mounts
 * from here on is seen by nobody else and goes with the thread.
 * @throws SystemError
 */
export function privateMounts(): void {
  refuseMainThread('privateMounts');
  unshare(CLONE_FS | CLONE_NEWNS);
  // Shared mounts would hand ours to the host.
  mount(null, '/', null, MS_REC | MS_PRIVATE, null);
}
