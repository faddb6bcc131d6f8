import { invalid } from '#lib/errors';
import { pathFromBytes } from '#oci/tar';
import {
  alignUp,
  DIRENT_SIZE,
  decodeDevice,
  INODE_SIZE,
  INODE_SLOT,
  KINDS,
  Layout,
  MAGIC,
  type NodeKind,
  readU64,
  SUPERBLOCK,
  SUPERBLOCK_SIZE,
  XATTR_ENTRY,
  XATTR_HEADER,
  XATTR_NAMES,
  XATTR_PREFIXES,
} from './format.ts';

/** One name in an image; several of one inode have the same `nid`. */
export interface ImageEntry {
  /** '' is the root. */
  readonly path: string;
  readonly nid: number;
  readonly kind: NodeKind;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: bigint;
  readonly links: number;
  readonly size: number;
  readonly target: string;
  readonly major: number;
  readonly minor: number;
  readonly xattrs: ReadonlyMap<string, Buffer>;
  content(): Buffer;
}

/** Reads `length` bytes; what is behind the end are zeros. */
export type ReadAt = (position: number, length: number) => Buffer;

/**
 * Reads an image back, to check what was written: every name, directories before what is in them. It takes of
 * the format what `LayerImage` writes, and looks names up as the kernel does. @throws invalid when something in it is not as it must be
 */
export function* readImage(read: ReadAt): Generator<ImageEntry, void> {
  const superblock = read(SUPERBLOCK, SUPERBLOCK_SIZE);
  if (superblock.readUInt32LE(0) !== MAGIC) throw invalid('no EROFS image: there is no superblock');
  const reader = new Reader(read, 2 ** (superblock[12] ?? 0));
  const root = superblock.readUInt16LE(14);
  yield* reader.walk(root, root, '', 0);
}

const MAX_DEPTH = 4096;

class Reader {
  readonly #read: ReadAt;
  readonly #blockSize: number;

  constructor(read: ReadAt, blockSize: number) {
    this.#read = read;
    this.#blockSize = blockSize;
  }

  *walk(nid: number, parent: number, path: string, depth: number): Generator<ImageEntry, void> {
    if (depth > MAX_DEPTH) throw invalid('EROFS image: directories without end');
    const entry = this.#entry(nid, path);
    yield entry;
    if (entry.kind !== 'directory') return;
    const names = this.#directory(entry.content(), path);
    if (names.get('.')?.nid !== nid || names.get('..')?.nid !== parent)
      throw invalid(`EROFS image: "${path}" is no place`);
    for (const [name, child] of names) {
      if (name === '.' || name === '..') continue;
      const at = path === '' ? name : `${path}/${name}`;
      const entries = this.walk(child.nid, nid, at, depth + 1);
      const first = entries.next();
      if (first.done || KINDS[first.value.kind].type !== child.type)
        throw invalid(`EROFS image: "${at}" has two types`);
      yield first.value;
      yield* entries;
    }
  }

  #entry(nid: number, path: string): ImageEntry {
    const position = nid * INODE_SLOT;
    const inode = this.#read(position, INODE_SIZE);
    const format = inode.readUInt16LE(0);
    const mode = inode.readUInt16LE(4);
    const [kind] = Object.entries(KINDS).find(([, { mode: bits }]) => bits === (mode & 0o170000)) ?? [];
    if ((format & 1) !== 1 || kind === undefined) throw invalid(`EROFS image: "${path}" is no inode`);
    const count = inode.readUInt16LE(2);
    const xattrsLength = count === 0 ? 0 : XATTR_HEADER + (count - 1) * XATTR_ENTRY;
    const size = readU64(inode, 8);
    const data = inode.readUInt32LE(16);
    const isDevice = kind === 'char' || kind === 'block';
    const content = () => this.#content(position + INODE_SIZE + xattrsLength, format >> 1, size, data);
    return {
      path,
      nid,
      kind: kind as NodeKind,
      mode: mode & 0o7777,
      uid: inode.readUInt32LE(24),
      gid: inode.readUInt32LE(28),
      mtime: inode.readBigInt64LE(32) * 1_000_000_000n + BigInt(inode.readUInt32LE(40)),
      links: inode.readUInt32LE(44),
      size,
      target: kind === 'symlink' ? pathFromBytes(content()) : '',
      ...(isDevice ? decodeDevice(data) : { major: 0, minor: 0 }),
      xattrs: readXattrs(this.#read(position + INODE_SIZE, xattrsLength)),
      content,
    };
  }

  #content(behind: number, layout: number, size: number, block: number): Buffer {
    if (layout === Layout.plain) return this.#read(block * this.#blockSize, size);
    const tail = size % this.#blockSize;
    if ((behind % this.#blockSize) + tail > this.#blockSize)
      throw invalid('EROFS image: a tail crosses a block');
    return Buffer.concat([this.#read(block * this.#blockSize, size - tail), this.#read(behind, tail)]);
  }

  #directory(content: Buffer, path: string): Map<string, { nid: number; type: number }> {
    const names = new Map<string, { nid: number; type: number }>();
    let last = '';
    for (let start = 0; start < content.length; start += this.#blockSize) {
      const block = content.subarray(start, start + this.#blockSize);
      const count = block.readUInt16LE(8) / DIRENT_SIZE;
      for (let index = 0; index < count; index++) {
        const at = index * DIRENT_SIZE;
        const from = block.readUInt16LE(at + 8);
        const to = index + 1 < count ? block.readUInt16LE(at + DIRENT_SIZE + 8) : endOfName(block, from);
        const bytes = block.subarray(from, to);
        const name = bytes.toString('latin1');
        if (name <= last) throw invalid(`EROFS image: names in "${path}" are not in order`);
        last = name;
        names.set(pathFromBytes(bytes), { nid: readU64(block, at), type: block[at + 10] ?? 0 });
      }
    }
    return names;
  }
}

/** The last name of a block ends at a NUL or with the block. */
function endOfName(block: Buffer, from: number): number {
  const nul = block.indexOf(0, from);
  return nul < 0 ? block.length : nul;
}

function readXattrs(bytes: Buffer): Map<string, Buffer> {
  const xattrs = new Map<string, Buffer>();
  for (let at = XATTR_HEADER; at < bytes.length; ) {
    const nameLength = bytes[at] ?? 0;
    const valueLength = bytes.readUInt16LE(at + 2);
    const [prefix = ''] =
      [...XATTR_NAMES, ...XATTR_PREFIXES].find(([, index]) => index === bytes[at + 1]) ?? [];
    const name = bytes.toString('utf8', at + XATTR_ENTRY, at + XATTR_ENTRY + nameLength);
    const value = at + XATTR_ENTRY + nameLength;
    xattrs.set(prefix + name, bytes.subarray(value, value + valueLength));
    at = alignUp(value + valueLength, XATTR_ENTRY);
  }
  return xattrs;
}
