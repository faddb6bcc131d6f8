import { LayerApplier } from '#oci/layer';
import { writeDirectoryBlock } from './directory.ts';
import { COMPAT_MTIME, INODE_SLOT, KINDS, Layout, MAGIC, SUPERBLOCK, writeU64 } from './format.ts';
import { HEAD_SIZE, type ImageLayout, layOut, type Placed, ROOT_POSITION } from './layout.ts';
import type { Attributes, TreeNode } from './node.ts';
import { LayerTree } from './tree.ts';
import { xattrCount } from './xattrs.ts';

/** The file that an image is written to. Synchronous: for a thread of its own. */
export interface ImageFile {
  write(bytes: Uint8Array, position: number): void;
  /** Fills the buffer with what was written before. */
  read(buffer: Uint8Array, position: number): void;
}

export interface ImageOptions {
  /** Default 512: archives align to that, so that the blocks of a file in them are the blocks of the file. */
  readonly blockSize?: 512 | 4096;
}

export interface FinishOptions {
  /** 16 bytes that no other image has. */
  readonly uuid: Uint8Array;
  /** What a directory that the layer does not describe looks like below. */
  readonly inherit?: ((path: string) => Attributes | undefined) | undefined;
}

export interface WrittenImage {
  readonly entries: number;
  /** Bytes of files. */
  readonly bytes: number;
  /** Of the archive, which begins at `ARCHIVE_OFFSET`. */
  readonly archiveSize: number;
  readonly size: number;
}

export const ARCHIVE_OFFSET: number = HEAD_SIZE;
const NANOSECONDS = 1_000_000_000n;
const COPY_BYTES = 1 << 20;

/**
 * A layer as one file: `[head][the archive, byte for byte][metadata][copies]`, which Linux mounts as EROFS. The
 * archive goes into the file as it comes, and files in it are where they are: only what describes them is written
 * beside it, at the end, and the superblock last of all, so that a file that was not finished is no image.
 * @throws invalid for hostile or broken archives; UnfitLayer, at the end or before; else what the file throws
 */
export class LayerImage implements Disposable {
  readonly #file: ImageFile;
  readonly #blockSize: number;
  readonly #tree = new LayerTree();
  readonly #applier = new LayerApplier(this.#tree);
  #length = 0;

  constructor(file: ImageFile, { blockSize = 512 }: ImageOptions = {}) {
    this.#file = file;
    this.#blockSize = blockSize;
  }

  push(chunk: Uint8Array): void {
    this.#applier.push(chunk);
    this.#file.write(chunk, HEAD_SIZE + this.#length);
    this.#length += chunk.length;
  }

  finish({ uuid, inherit }: FinishOptions): WrittenImage {
    const { entries, bytes } = this.#applier.finish();
    for (const path of inherit ? this.#tree.implied : []) {
      const node = this.#tree.at(path);
      const below = inherit?.(path);
      if (node && below) Object.assign(node, below, { xattrs: withMarks(below.xattrs, node) });
    }
    const layout = layOut(this.#tree.root, this.#length, this.#blockSize);
    const { placed, metadata, copies, end } = layout;
    const body = Buffer.alloc(copies - metadata);
    const head = Buffer.alloc(HEAD_SIZE);
    for (const one of placed) this.#encode(layout, one, head, body);
    this.#file.write(body, metadata);
    for (const { node, data } of placed) if (node.copied) this.#copy(node, data);
    if (end > copies) this.#file.write(Buffer.alloc(1), end - 1);
    this.#writeSuperblock(head, layout, uuid);
    this.#file.write(head, 0);
    return { entries, bytes, archiveSize: this.#length, size: end };
  }

  [Symbol.dispose](): void {
    this.#applier[Symbol.dispose]();
  }

  #encode({ positions, metadata }: ImageLayout, placed: Placed, head: Buffer, body: Buffer): void {
    const { node, xattrs, position, inline, data, directory, entries } = placed;
    const nid = (of: TreeNode | undefined) => (of ? (positions.get(of) ?? 0) / INODE_SLOT : 0);
    const isRoot = position === ROOT_POSITION;
    const inode = isRoot ? head.subarray(position) : body.subarray(position - metadata);
    const size = directory?.size ?? node.size;
    const isDevice = node.kind === 'char' || node.kind === 'block';
    inode.writeUInt16LE(1 | ((inline ? Layout.inline : Layout.plain) << 1), 0);
    inode.writeUInt16LE(xattrCount(xattrs), 2);
    inode.writeUInt16LE(KINDS[node.kind].mode | node.mode, 4);
    writeU64(inode, size, 8);
    inode.writeUInt32LE(isDevice ? node.device : data / this.#blockSize, 16);
    inode.writeUInt32LE(nid(node) % 2 ** 32, 20);
    inode.writeUInt32LE(node.uid, 24);
    inode.writeUInt32LE(node.gid, 28);
    const nanoseconds = ((node.mtime % NANOSECONDS) + NANOSECONDS) % NANOSECONDS;
    inode.writeBigInt64LE((node.mtime - nanoseconds) / NANOSECONDS, 32);
    inode.writeUInt32LE(Number(nanoseconds), 40);
    inode.writeUInt32LE(node.links, 44);
    xattrs.copy(inode, 64);
    const tail = inode.subarray(64 + xattrs.length);
    if (node.target) node.target.copy(inline ? tail : body.subarray(data - metadata));
    for (let block = 0; directory && block < directory.ends.length; block++) {
      const behind = inline && block === directory.ends.length - 1;
      const target = behind ? tail : body.subarray(data - metadata + block * this.#blockSize);
      writeDirectoryBlock(target, directory, block, (name) => {
        const child = entries?.get(name);
        return { nid: nid(child), type: child ? KINDS[child.kind].type : 0 };
      });
    }
  }

  /** From the archive to where the file is; holes stay holes. */
  #copy({ body, size }: TreeNode, to: number): void {
    const buffer = Buffer.alloc(Math.min(COPY_BYTES, body?.size ?? 0));
    let from = HEAD_SIZE + (body?.offset ?? 0);
    for (const { offset, length } of body?.segments ?? [{ offset: 0, length: size }]) {
      for (let done = 0; done < length; ) {
        const part = buffer.subarray(0, Math.min(buffer.length, length - done));
        this.#file.read(part, from);
        this.#file.write(part, to + offset + done);
        from += part.length;
        done += part.length;
      }
    }
  }

  #writeSuperblock(head: Buffer, { placed, end }: ImageLayout, uuid: Uint8Array): void {
    const superblock = head.subarray(SUPERBLOCK);
    superblock.writeUInt32LE(MAGIC, 0);
    superblock.writeUInt32LE(COMPAT_MTIME, 8);
    superblock[12] = Math.log2(this.#blockSize);
    superblock.writeUInt16LE(ROOT_POSITION / INODE_SLOT, 14);
    writeU64(superblock, placed.length, 16);
    superblock.writeUInt32LE(Math.min(end / this.#blockSize, 2 ** 32 - 1), 36);
    superblock.set(uuid.subarray(0, 16), 48);
  }
}

/** What the layer itself says of a directory that it does not describe: that it hides those below. */
const withMarks = (inherited: Attributes['xattrs'], { xattrs }: TreeNode): Attributes['xattrs'] =>
  xattrs ? new Map([...(inherited ?? []), ...xattrs]) : inherited;
