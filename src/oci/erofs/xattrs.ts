import { alignUp, XATTR_ENTRY, XATTR_HEADER, XATTR_NAMES, XATTR_PREFIXES } from './format.ts';
import { UnfitLayer } from './unfit.ts';

const NONE = Buffer.alloc(0);
const MAX_NAME = 255;
const MAX_VALUE = 0xffff;
/** `i_xattr_icount` counts them in words, with the header as one, in 16 bits. */
const MAX_BYTES = XATTR_HEADER + 0xfffe * XATTR_ENTRY;

/**
 * What follows an inode that has extended attributes: a header and the entries; empty when there are none.
 * Attributes of name spaces that Linux does not store are left out. @throws UnfitLayer
 */
export function encodeXattrs(xattrs: ReadonlyMap<string, Uint8Array> | undefined): Buffer {
  if (!xattrs || xattrs.size === 0) return NONE;
  // In order: the same tree makes the same image.
  const entries = [...xattrs]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, value]) => entry(name, value));
  if (entries.length === 0) return NONE;
  const all = Buffer.concat([Buffer.alloc(XATTR_HEADER), ...entries]);
  if (all.length > MAX_BYTES) throw new UnfitLayer(`${all.length} bytes of extended attributes of one file`);
  return all;
}

/** `i_xattr_icount`, of what `encodeXattrs` made. */
export const xattrCount = (encoded: Buffer): number =>
  encoded.length === 0 ? 0 : 1 + (encoded.length - XATTR_HEADER) / XATTR_ENTRY;

function entry(name: string, value: Uint8Array): Buffer[] {
  const split = splitName(name);
  if (!split) return [];
  const rest = Buffer.from(split.rest);
  if (rest.length > MAX_NAME || value.length > MAX_VALUE) {
    throw new UnfitLayer(`the extended attribute "${name.slice(0, 100)}" of ${value.length} bytes`);
  }
  const bytes = Buffer.alloc(alignUp(XATTR_ENTRY + rest.length + value.length, XATTR_ENTRY));
  bytes[0] = rest.length;
  bytes[1] = split.index;
  bytes.writeUInt16LE(value.length, 2);
  rest.copy(bytes, XATTR_ENTRY);
  bytes.set(value, XATTR_ENTRY + rest.length);
  return [bytes];
}

function splitName(name: string): { readonly index: number; readonly rest: string } | undefined {
  for (const [whole, index] of XATTR_NAMES) if (name === whole) return { index, rest: '' };
  for (const [prefix, index] of XATTR_PREFIXES) {
    if (name.startsWith(prefix) && name.length > prefix.length)
      return { index, rest: name.slice(prefix.length) };
  }
  return undefined;
}
