// EROFS on disk (Linux, fs/erofs/erofs_fs.h): all numbers little-endian.

/** The superblock is 128 bytes at this place. */
export const SUPERBLOCK = 1024;
export const SUPERBLOCK_SIZE = 128;
export const MAGIC = 0xe0f5e1e2;
/** `feature_compat`: inodes have times of their own. */
export const COMPAT_MTIME = 2;

/** The extended form of an inode: the compact one has no time. */
export const INODE_SIZE = 64;
/** Inodes stand at multiples of this, and are named by the quotient: their nid. */
export const INODE_SLOT = 32;

export const DIRENT_SIZE = 12;
export const XATTR_HEADER = 12;
export const XATTR_ENTRY = 4;

/** Where a file's data is: in blocks of its own, or its last part behind the inode. */
export const Layout = { plain: 0, inline: 2 } as const;

/** `e_name_index`: prefixes that names are stored without. */
export const XATTR_PREFIXES: readonly (readonly [prefix: string, index: number])[] = [
  ['user.', 1],
  ['trusted.', 4],
  ['security.', 6],
];
/** These are whole names. */
export const XATTR_NAMES: readonly (readonly [name: string, index: number])[] = [
  ['system.posix_acl_access', 2],
  ['system.posix_acl_default', 3],
];

export type NodeKind = 'file' | 'directory' | 'symlink' | 'char' | 'block' | 'fifo';

/** The type bits of `i_mode`, and `file_type` of a directory entry. */
export const KINDS: Readonly<Record<NodeKind, { readonly mode: number; readonly type: number }>> = {
  file: { mode: 0o100000, type: 1 },
  directory: { mode: 0o040000, type: 2 },
  char: { mode: 0o020000, type: 3 },
  block: { mode: 0o060000, type: 4 },
  fifo: { mode: 0o010000, type: 5 },
  symlink: { mode: 0o120000, type: 7 },
};

/** Linux's new_encode_dev. */
export const encodeDevice = (major: number, minor: number): number =>
  ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;

export const decodeDevice = (device: number): { major: number; minor: number } => ({
  major: (device >>> 8) & 0xfff,
  minor: (device & 0xff) | ((device >>> 12) & 0xfff00),
});

export const alignUp = (value: number, unit: number): number => Math.ceil(value / unit) * unit;

const HIGH = 2 ** 32;

/** 64 bits, of a number that is a safe integer. */
export function writeU64(buffer: Buffer, value: number, at: number): void {
  buffer.writeUInt32LE(value % HIGH, at);
  buffer.writeUInt32LE(Math.floor(value / HIGH), at + 4);
}

export const readU64 = (buffer: Buffer, at: number): number =>
  buffer.readUInt32LE(at) + buffer.readUInt32LE(at + 4) * HIGH;
