// CONTRACT: what Node's fs lacks. All synchronous, cheap, for the hot path or for use inside a worker.
/** lsetxattr/lgetxattr/llistxattr/lremovexattr(2): never follows a symlink. */
export declare function setXattr(path: string, name: string, value: Uint8Array): void;
export declare function getXattr(path: string, name: string): Buffer | undefined;
export declare function listXattrs(path: string): string[];
export declare function removeXattr(path: string, name: string): void;
/** mknod(2) with major/minor; mode has the type bits (S_IFCHR...). */
export declare function makeNode(path: string, mode: number, major: number, minor: number): void;
export declare function makeFifo(path: string, mode: number): void;
/** utimensat(2), AT_SYMLINK_NOFOLLOW; times in nanoseconds since the epoch. */
export declare function setTimes(path: string, atimeNs: bigint, mtimeNs: bigint): void;
/** chmod/chown by path WITHOUT following a symlink. */
export declare function lchown(path: string, uid: number, gid: number): void;
/** flock(2) exclusive, non-blocking: false when somebody else holds it. */
export declare function tryLock(fd: number): boolean;
/** fallocate(PUNCH_HOLE) is not needed; sparse files are written by seeking and ftruncate. */
/** openat2(2) with RESOLVE_IN_ROOT: opens `path` as a process chrooted to `root` would, safely against races. Returns a descriptor. */
export declare function openInRoot(root: string, path: string, flags: number, mode?: number): number;
/** syncfs(2) in the thread pool. */
export declare function syncFs(path: string): Promise<void>;
/** Inodes and blocks in use: total/free bytes of the file system (statfs). */
export declare function fileSystem(path: string): {
  readonly type: string;
  readonly totalBytes: number;
  readonly freeBytes: number;
};
