import type { TarEntry } from '#oci/tar';
import type { Owner } from './owner.ts';

/** What `lstat` tells of a path. */
export type NodeType = 'file' | 'directory' | 'symlink' | 'char' | 'block' | 'fifo' | 'socket';

/**
 * Where a layer is unpacked: a tree below one root. All operations are synchronous, so that a worker
 * thread that has chrooted itself can carry them out (no thread-pool thread shares its root).
 *
 * Paths are relative to the root and clean: no leading slash, no empty, `.` or `..` component; '' is the
 * root itself. They are made of names as TarEntry describes: pass them through `fsPath`. The caller
 * (applyLayer) has resolved every parent, so that parents are real directories; no operation may follow
 * a symlink in the last component. A failing operation throws (Node's or linux's errors, with `code`).
 */
export interface LayerTarget {
  /**
   * False: the tree holds this layer alone, and `whiteout`/`opaque` leave marks for the union mount.
   * True: the tree already holds the layers below (or is a container's root), and `whiteout` removes.
   */
  readonly merged: boolean;
  /** Undefined when there is nothing at the path. An overlay whiteout is a `char`. */
  lstat(path: string): NodeType | undefined;
  readlink(path: string): string;
  /** Names in a directory; only asked of merged targets (for opaque directories). */
  readdir(path: string): string[];
  mkdir(path: string, mode: number): void;
  /** A new empty file (O_CREAT|O_EXCL|O_NOFOLLOW, 0600), open for writing until `close`; `entry` is what it is made of. */
  createFile(path: string, entry: TarEntry): LayerFile;
  /** What stands in the archive behind the body of the file closed last, up to the next block: zeros, it should be. */
  padding?(chunk: Buffer): void;
  symlink(target: string, path: string): void;
  /** A hard link at `path` to `existing`, which is no directory; a symlink is linked itself, not followed. */
  link(existing: string, path: string): void;
  makeNode(path: string, type: 'char' | 'block', mode: number, major: number, minor: number): void;
  makeFifo(path: string, mode: number): void;
  chown(path: string, owner: Owner): void;
  /** Never called for a symlink. */
  chmod(path: string, mode: number): void;
  /** mtime (and atime) in nanoseconds since the epoch. */
  setTimes(path: string, mtime: bigint): void;
  /** A target may ignore what its file system or privileges do not allow (ENOTSUP, EPERM). */
  setXattr(path: string, name: string, value: Uint8Array): void;
  /** Removes whatever is there, directories with all they hold; never follows a symlink. */
  removeTree(path: string): void;
  /** Hides the path of the layers below. Nothing of this layer is at the path. */
  whiteout(path: string): void;
  /** Hides what the layers below have in this directory. Only called when `merged` is false. */
  opaque(path: string): void;
}

/** A file being written. Bytes that are never written read as zeros. */
export interface LayerFile {
  write(chunk: Uint8Array, position: number): void;
  /** Sets the length: of a sparse file that ends in a hole. */
  truncate(size: number): void;
  chown(owner: Owner): void;
  chmod(mode: number): void;
  setTimes(mtime: bigint): void;
  setXattr(name: string, value: Uint8Array): void;
  /** Always called once, also after an error. */
  close(): void;
}
