import { invalid } from '#lib/errors';
import type { EntryType } from './entry.ts';
import { pathFromBytes } from './names.ts';
import { readNumber } from './numbers.ts';

/** One header block as it stands, before extended headers have their say. */
export interface RawHeader {
  /** The type flag: one character, `\0` of old archives as it is. */
  readonly flag: string;
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Seconds. */
  readonly mtime: number;
  readonly link: string;
  readonly major: number;
  readonly minor: number;
}

const TYPES: Readonly<Record<string, EntryType>> = {
  '\0': 'file',
  '0': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
  '7': 'file',
  S: 'file',
};

/** @throws invalid */
export function typeOf({ flag, path }: RawHeader): EntryType {
  // Before POSIX a directory was a file whose name ends in a slash.
  if (flag === '\0' && path.endsWith('/')) return 'directory';
  const type = TYPES[flag];
  if (type === undefined) throw invalid(`unsupported tar entry type ${JSON.stringify(flag)} of "${path}"`);
  return type;
}

/** Reads a 512-byte block. @throws invalid when its checksum or a number is wrong */
export function readHeader(block: Buffer, position: number): RawHeader {
  checkSum(block, position);
  const magic = block.toString('latin1', 257, 263);
  const posix = magic === 'ustar\0';
  const known = posix || magic === 'ustar ';
  const name = readText(block, 0, 100);
  const prefix = posix ? readText(block, 345, isStar(block) ? 131 : 155) : '';
  return {
    flag: block.toString('latin1', 156, 157),
    path: prefix ? `${prefix}/${name}` : name,
    mode: readNumber(block, 100, 8) & 0o7777,
    uid: readNumber(block, 108, 8),
    gid: readNumber(block, 116, 8),
    size: readNumber(block, 124, 12),
    mtime: readNumber(block, 136, 12),
    link: readText(block, 157, 100),
    major: known ? readNumber(block, 329, 8) : 0,
    minor: known ? readNumber(block, 337, 8) : 0,
  };
}

/** star keeps access and change times in the last part of the prefix. */
const isStar = (block: Buffer): boolean => block.toString('latin1', 508, 512) === 'tar\0';

function checkSum(block: Buffer, position: number): void {
  let unsigned = 8 * 32;
  let signed = unsigned;
  for (let i = 0; i < 512; i++) {
    if (i === 148) i = 156;
    const byte = block[i] ?? 0;
    unsigned += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  const expected = readNumber(block, 148, 8);
  // Some old writers summed signed characters.
  if (expected !== unsigned && expected !== signed) {
    throw invalid(`broken tar archive: wrong header checksum at byte ${position}`);
  }
}

/** Up to the first NUL. */
export function readText(block: Buffer, offset: number, length: number): string {
  const nul = block.indexOf(0, offset);
  return pathFromBytes(block.subarray(offset, nul < 0 || nul > offset + length ? offset + length : nul));
}
