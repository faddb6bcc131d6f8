import { byteString, type DirectoryBlocks, directoryBlocks } from './directory.ts';
import { alignUp, INODE_SIZE, INODE_SLOT, SUPERBLOCK, SUPERBLOCK_SIZE } from './format.ts';
import type { TreeNode } from './node.ts';
import { UnfitLayer } from './unfit.ts';
import { encodeXattrs } from './xattrs.ts';

/** What comes before the archive. */
export const HEAD_SIZE = 4096;
/** The superblock has 16 bits for the root's nid: it cannot be behind the archive. */
export const ROOT_POSITION: number = SUPERBLOCK + SUPERBLOCK_SIZE;
/** The kernel reads whole pages. */
const PAGE = 4096;
const MAX_BLOCKS = 2 ** 32;

/** A node's place in the image, in bytes from its start. */
export interface Placed {
  readonly node: TreeNode;
  readonly xattrs: Buffer;
  readonly position: number;
  /** The data that does not fill a block stands behind the inode. */
  readonly inline: boolean;
  /** Where its blocks begin; 0 when there are none. */
  data: number;
  readonly directory: DirectoryBlocks | undefined;
  /** Of a directory: itself, its parent and what is in it, by `byteString` of the names. */
  readonly entries: ReadonlyMap<string, TreeNode> | undefined;
}

export interface ImageLayout {
  /** The root first. */
  readonly placed: readonly Placed[];
  readonly positions: ReadonlyMap<TreeNode, number>;
  /** Inodes, directories and symlinks: from here to `copies`. */
  readonly metadata: number;
  /** From here on: files whose blocks are not the archive's. */
  readonly copies: number;
  readonly end: number;
}

/** Finds a place for all that is not in the archive, behind it. @throws UnfitLayer */
export function layOut(root: TreeNode, archiveSize: number, blockSize: number): ImageLayout {
  const metadata = alignUp(HEAD_SIZE + archiveSize, PAGE);
  const inodes = new Inodes(metadata, blockSize);
  inodes.place(root, root);
  let at = alignUp(inodes.end, blockSize);
  for (const placed of inodes.placed) {
    const { node, inline, directory } = placed;
    const size = directory?.size ?? (node.kind === 'symlink' ? node.size : 0);
    const length = inline ? size - (size % blockSize) : size;
    if (length === 0) continue;
    placed.data = at;
    at = alignUp(at + length, blockSize);
  }
  const copies = alignUp(at, PAGE);
  at = copies;
  for (const placed of inodes.placed) {
    const { node } = placed;
    if (node.kind !== 'file' || node.size === 0 || !node.body) continue;
    const stored = HEAD_SIZE + node.body.offset;
    if (!node.copied && stored % blockSize === 0) {
      placed.data = stored;
      continue;
    }
    node.copied = true;
    placed.data = at;
    at = alignUp(at + node.size, blockSize);
  }
  if (at / blockSize >= MAX_BLOCKS) {
    throw new UnfitLayer(`files of ${at} bytes: there are ${MAX_BLOCKS} blocks of ${blockSize} bytes`);
  }
  // A copy may end in a hole: one byte behind the last makes the file as long as it has to be.
  const end = at === copies ? copies : alignUp(at + 1, PAGE);
  return { placed: inodes.placed, positions: inodes.positions, metadata, copies, end };
}

/** Inodes in a row: of a directory, then of what is in it, then of what is in its directories. */
class Inodes {
  readonly placed: Placed[] = [];
  readonly positions = new Map<TreeNode, number>();
  readonly #blockSize: number;
  end: number;

  constructor(start: number, blockSize: number) {
    this.end = start;
    this.#blockSize = blockSize;
  }

  place(root: TreeNode, parent: TreeNode): void {
    this.#add(root, parent);
    const waiting = [root];
    for (let directory = waiting.pop(); directory; directory = waiting.pop()) {
      for (const child of directory.children?.values() ?? []) {
        // A hard link's second name.
        if (this.positions.has(child)) continue;
        this.#add(child, directory);
        if (child.children) waiting.push(child);
      }
    }
  }

  #add(node: TreeNode, parent: TreeNode): void {
    const xattrs = encodeXattrs(node.xattrs);
    const length = INODE_SIZE + xattrs.length;
    const entries = node.children && entriesOf(node, parent);
    const directory = entries && directoryBlocks(entries.keys(), this.#blockSize);
    const size = directory?.size ?? (node.kind === 'symlink' ? node.size : 0);
    if (directory) {
      node.links = 2;
      for (const child of node.children?.values() ?? []) if (child.children) node.links++;
    }
    const isRoot = this.placed.length === 0;
    if (isRoot && ROOT_POSITION + length > HEAD_SIZE) {
      throw new UnfitLayer(`${xattrs.length} bytes of extended attributes of the root directory`);
    }
    const tail = isRoot ? 0 : this.#inlineTail(node, length, size);
    const position = isRoot ? ROOT_POSITION : this.#position(length, tail);
    if (!isRoot) this.end = alignUp(position + length + tail, INODE_SLOT);
    this.positions.set(node, position);
    this.placed.push({ node, xattrs, position, inline: tail > 0, data: 0, directory, entries });
  }

  /** What stands behind the inode may not cross a block: what never can gets a block of its own. */
  #inlineTail(node: TreeNode, length: number, size: number): number {
    const tail = size % this.#blockSize;
    if (length + tail > this.#blockSize) return 0;
    // The kernel reads a symlink from behind its inode only if all of it is there.
    return node.kind === 'symlink' && size >= this.#blockSize ? 0 : tail;
  }

  #position(length: number, tail: number): number {
    const inBlock = (this.end + length) % this.#blockSize;
    return tail > 0 && inBlock + tail > this.#blockSize ? alignUp(this.end, this.#blockSize) : this.end;
  }
}

function entriesOf(node: TreeNode, parent: TreeNode): Map<string, TreeNode> {
  const entries = new Map<string, TreeNode>();
  for (const [name, child] of node.children ?? []) entries.set(byteString(name), child);
  return entries.set('.', node).set('..', parent);
}
