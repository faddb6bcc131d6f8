import { pathBytes } from '#oci/tar';
import { DIRENT_SIZE, writeU64 } from './format.ts';

/**
 * A directory's names, distributed over its blocks: each has its entries in front and their names behind. The kernel
 * searches by halves, for blocks and within a block: names are sorted by their bytes, `.` and `..` among them.
 */
export interface DirectoryBlocks {
  /** One character a byte: these sort and are written as bytes. */
  readonly names: readonly string[];
  /** Where in `names` the next block begins. */
  readonly ends: readonly number[];
  /** Bytes, with all blocks full but the last. */
  readonly size: number;
}

export interface DirectoryEntry {
  readonly nid: number;
  readonly type: number;
}

/** `names` as `byteString` gives them, with `.` and `..`. */
export function directoryBlocks(entries: Iterable<string>, blockSize: number): DirectoryBlocks {
  const names = [...entries].sort();
  const ends: number[] = [];
  let used = 0;
  for (const [index, name] of names.entries()) {
    const more = DIRENT_SIZE + name.length;
    if (used + more > blockSize) {
      ends.push(index);
      used = 0;
    }
    used += more;
  }
  ends.push(names.length);
  return { names, ends, size: (ends.length - 1) * blockSize + used };
}

/** Writes the block of that number. */
export function writeDirectoryBlock(
  target: Buffer,
  { names, ends }: DirectoryBlocks,
  block: number,
  entryOf: (name: string) => DirectoryEntry,
): void {
  const from = ends[block - 1] ?? 0;
  const to = ends[block] ?? 0;
  let nameAt = (to - from) * DIRENT_SIZE;
  for (let index = from; index < to; index++) {
    const at = (index - from) * DIRENT_SIZE;
    const name = names[index] ?? '';
    const { nid, type } = entryOf(name);
    writeU64(target, nid, at);
    target.writeUInt16LE(nameAt, at + 8);
    target[at + 10] = type;
    target.write(name, nameAt, 'latin1');
    nameAt += name.length;
  }
}

/** A name's bytes as a string of one character each. */
export const byteString = (name: string): string =>
  // ASCII is so already, and nothing else has as many bytes as characters.
  Buffer.byteLength(name) === name.length ? name : pathBytes(name).toString('latin1');
