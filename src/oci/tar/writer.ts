import type { EntryType, TarEntry } from './entry.ts';
import { pathBytes } from './names.ts';
import { formatPaxTime, writeOctal } from './numbers.ts';
import { paxRecord } from './pax.ts';

const BLOCK = 512;
const SECOND = 1_000_000_000n;
const FLAGS: Record<EntryType, string> = {
  file: '0',
  link: '1',
  symlink: '2',
  char: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

/** What a tar header needs; `size` bytes of body must follow, then `tarPadding(size)`. */
export type TarHeader = Pick<TarEntry, 'path' | 'type'> &
  Partial<Pick<TarEntry, 'mode' | 'uid' | 'gid' | 'size' | 'mtime' | 'link' | 'major' | 'minor'>> & {
    readonly xattrs?: ReadonlyMap<string, Uint8Array> | undefined;
  };

/** The end of an archive: two empty blocks. */
export const TAR_END: Buffer = Buffer.alloc(2 * BLOCK);

/** The zeros between a body of that size and the next header. */
export const tarPadding = (size: number): Buffer => Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);

/**
 * The header blocks of one member: plain ustar where that can say it, with PAX records in front of it
 * for long or non-ASCII names, big numbers, fractions of a second and xattrs.
 */
export function tarHeader(header: TarHeader): Buffer {
  const records = new Map<string, Uint8Array>();
  const block = ustarBlock(header, records);
  for (const [name, value] of [...(header.xattrs ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))) {
    // A PAX key cannot hold these, and readers do not agree on an escape.
    if (name.includes('=') || name.includes('\0')) continue;
    records.set(`SCHILY.xattr.${name}`, value);
  }
  if (records.size === 0) return block;
  const pax = Buffer.concat([...records].map(([key, value]) => paxRecord(key, value)));
  const paxHeader = ustarBlock(
    { path: 'PaxHeaders.0/entry', type: 'file', mode: 0o644, size: pax.length },
    new Map(),
    'x',
  );
  return Buffer.concat([paxHeader, pax, tarPadding(pax.length), block]);
}

function ustarBlock(header: TarHeader, records: Map<string, Uint8Array>, flag = FLAGS[header.type]): Buffer {
  const block = Buffer.alloc(BLOCK);
  const directory = header.type === 'directory' && !header.path.endsWith('/');
  writeName(block, pathBytes(directory ? `${header.path}/` : header.path), records);
  const link = pathBytes(header.link ?? '');
  if (link.length > 100 || !isAscii(link)) records.set('linkpath', link);
  link.copy(block, 157, 0, 100);
  writeOctal(block, 100, 8, (header.mode ?? 0) & 0o7777);
  const number = (key: string, offset: number, length: number, value = 0): void => {
    if (writeOctal(block, offset, length, value)) return;
    writeOctal(block, offset, length, 0);
    records.set(key, Buffer.from(String(value)));
  };
  number('uid', 108, 8, header.uid);
  number('gid', 116, 8, header.gid);
  number('size', 124, 12, header.type === 'file' ? header.size : 0);
  const mtime = header.mtime ?? 0n;
  const whole = mtime % SECOND === 0n && writeOctal(block, 136, 12, Number(mtime / SECOND));
  if (!whole) {
    if (mtime < 0n || !writeOctal(block, 136, 12, Number(mtime / SECOND))) writeOctal(block, 136, 12, 0);
    records.set('mtime', Buffer.from(formatPaxTime(mtime)));
  }
  block.write(flag, 156, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  writeOctal(block, 329, 8, header.major ?? 0);
  writeOctal(block, 337, 8, header.minor ?? 0);
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** In the name field, split over prefix and name, or as a PAX record. */
function writeName(block: Buffer, name: Buffer, records: Map<string, Uint8Array>): void {
  if (!isAscii(name)) records.set('path', name);
  if (name.length <= 100) {
    name.copy(block, 0);
    return;
  }
  // The name must keep at least one character, and a directory's final slash is part of it.
  const slash = name.lastIndexOf('/', Math.min(155, name.length - 2));
  if (slash > 0 && name.length - slash - 1 <= 100) {
    name.copy(block, 345, 0, slash);
    name.copy(block, 0, slash + 1);
    return;
  }
  records.set('path', name);
  name.copy(block, 0, 0, 100);
}

const isAscii = (bytes: Buffer): boolean => bytes.every((byte) => byte < 0x80);
