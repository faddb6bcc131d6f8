import type { Segment } from '#oci/tar';
import type { NodeKind } from './format.ts';

/** What a file holds, as bytes of the archive. */
export interface StoredBody {
  /** From the start of the archive. */
  readonly offset: number;
  readonly size: number;
  /** Where the stored bytes belong in a sparse file. */
  readonly segments: readonly Segment[] | undefined;
}

export interface Attributes {
  /** Permission bits, at most 0o7777. */
  mode: number;
  uid: number;
  gid: number;
  /** Nanoseconds since the epoch. */
  mtime: bigint;
  xattrs: Map<string, Uint8Array> | undefined;
}

/** An inode in the making. */
export interface TreeNode extends Attributes {
  readonly kind: NodeKind;
  /** Names that it has. Of directories: kept by the writer. */
  links: number;
  /** Of a file. */
  size: number;
  body: StoredBody | undefined;
  /** The archive's blocks are not the file's: it is sparse, or something stands behind its end. */
  copied: boolean;
  /** Of a symlink: bytes. */
  readonly target: Buffer | undefined;
  /** Of a device. */
  readonly device: number;
  /** Of a directory. */
  readonly children: Map<string, TreeNode> | undefined;
}

export const newNode = (kind: NodeKind, fields: Partial<TreeNode> = {}): TreeNode => ({
  kind,
  mode: 0,
  uid: 0,
  gid: 0,
  mtime: 0n,
  xattrs: undefined,
  links: 1,
  size: 0,
  body: undefined,
  copied: false,
  target: undefined,
  device: 0,
  children: kind === 'directory' ? new Map() : undefined,
  ...fields,
});
