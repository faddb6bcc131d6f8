import { closeSync, openSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { CLONE_FS, CLONE_NEWNS } from '../ffi/constants.ts';
import { chdir, chroot, setns, umask, unshare } from '../ffi/namespaces.ts';

/**
 * Root, working directory and umask are shared by all threads of a process until one unshares them.
 * On the main thread that would move the daemon itself, and libuv's pool with it.
 */
function leaveSharedRoot(): void {
  if (isMainThread) throw new Error('only a worker thread may change its root');
  unshare(CLONE_FS);
  umask(0);
}

/**
 * unshare(CLONE_FS), then chroot(2): the root of this OS thread only. From here on an absolute path
 * or symlink cannot name anything outside `root`, provided that everything is done by *synchronous*
 * calls of this thread: asynchronous ones run in libuv's pool, which stays outside. The umask
 * becomes 0. There is no way back: end the worker afterwards. @throws SystemError
 */
export function chrootThread(root: string): void {
  leaveSharedRoot();
  chroot(root);
  chdir('/');
}

/**
 * Moves this OS thread into the mount namespace of a process, its root included (setns(2)), so that
 * it sees the volumes and tmpfs mounts of a container. The same rule: only synchronous calls, and
 * the worker ends afterwards. @throws SystemError
 */
export function enterMountNamespace(pid: number): void {
  leaveSharedRoot();
  const namespace = openSync(`/proc/${pid}/ns/mnt`, 'r');
  try {
    setns(namespace, CLONE_NEWNS);
  } finally {
    closeSync(namespace);
  }
}
