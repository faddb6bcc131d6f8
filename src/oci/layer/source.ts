import type { NodeType } from './target.ts';

/** How a path of the upper tree differs from what lies below. Paths as in LayerTarget. */
export interface Change {
  readonly path: string;
  readonly kind: 'added' | 'modified' | 'deleted';
  /** A directory that has nothing in common with the one below: all that is there is deleted. */
  readonly opaque?: boolean | undefined;
}

/** What goes into a tar header. */
export interface SourceNode {
  readonly type: NodeType;
  /** Permission bits, at most 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes; of files only. */
  readonly size: number;
  /** Nanoseconds since the epoch. */
  readonly mtime: bigint;
  /** Device numbers of `char` and `block`. */
  readonly major: number;
  readonly minor: number;
  /** Files with the same value (such as `dev:ino`) are names of one inode; undefined when it has one name only. */
  readonly inode?: string | undefined;
}

type Awaitable<T> = T | Promise<T>;

/** A tree that is read into a tar. Paths as in LayerTarget; never follows a symlink. */
export interface TreeSource {
  /** Undefined when it has gone meanwhile: it is left out. */
  lstat(path: string): Awaitable<SourceNode | undefined>;
  readlink(path: string): Awaitable<string>;
  xattrs(path: string): Awaitable<ReadonlyMap<string, Uint8Array>>;
  read(path: string): AsyncIterable<Uint8Array>;
}
