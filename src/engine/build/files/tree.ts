import type { NodeType } from '#oci/layer';

/** A file, directory or link of a tree that is copied from. */
export interface TreeNode {
  readonly type: NodeType;
  /** Permission bits, at most 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes; of files only. */
  readonly size: number;
  /** Nanoseconds since the epoch. */
  readonly mtime: bigint;
  /** Where a symlink leads; else ''. */
  readonly link: string;
  readonly major: number;
  readonly minor: number;
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
}

/**
 * What COPY, ADD and bind mounts read from: a build context or the result of a stage. Paths are relative and have
 * no `.`, `..` or empty components; '' is the root. Nothing follows a symlink by itself.
 */
export interface Tree {
  lstat(path: string): TreeNode | undefined;
  /** Names in a directory, sorted by their bytes; none for what is no directory. */
  children(path: string): readonly string[];
  /** SHA-256 of a file's content, hex. */
  digest(path: string): string;
}

export const childPath = (directory: string, name: string): string =>
  directory === '' ? name : `${directory}/${name}`;

export const parentPath = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
