// CONTRACT: for worker threads that extract or read a container's tree.
/** unshare(CLONE_FS) then chroot(2): this OS thread only. After it, only synchronous calls of this thread see the new root. umask is set to 0. */
export declare function chrootThread(root: string): void;
/** Raises the current thread into the mount namespace of a process (setns CLONE_NEWNS after unshare(CLONE_FS)); for cp into a running container's mounts. */
export declare function enterMountNamespace(pid: number): void;
