import { errnoNumber, SystemError } from '../errno.ts';
import { lgetxattr, llistxattr, lremovexattr, lsetxattr } from '../ffi/files.ts';

/** XATTR_SIZE_MAX and XATTR_LIST_MAX: no attribute and no list of names is larger (xattr(7)). */
const LARGEST = 64 * 1024;
const NONE = new Set([errnoNumber('ENODATA'), errnoNumber('ENOTSUP'), errnoNumber('EOPNOTSUPP')]);

/** lsetxattr(2). @throws SystemError */
export function setXattr(path: string, name: string, value: Uint8Array): void {
  lsetxattr(path, name, value, value.byteLength, 0);
}

/** lgetxattr(2); undefined when the file has no such attribute or its file system has none at all. @throws SystemError */
export function getXattr(path: string, name: string): Buffer | undefined {
  const room = Buffer.allocUnsafe(256);
  let size = lgetxattr.attempt(path, name, room, room.length);
  if (size === -errnoNumber('ERANGE')) {
    const large = Buffer.allocUnsafe(LARGEST);
    size = lgetxattr.attempt(path, name, large, large.length);
    if (size >= 0) return Buffer.from(large.subarray(0, size));
  }
  if (size >= 0) return Buffer.from(room.subarray(0, size));
  if (NONE.has(-size)) return undefined;
  throw new SystemError('lgetxattr', [path, name], -size);
}

/** Names of all attributes, sorted; empty where the file system has none. @throws SystemError */
export function listXattrs(path: string): string[] {
  // Most files have none: ask for the size before taking room for names.
  const size = llistxattr.attempt(path, Buffer.alloc(0), 0);
  if (size === 0 || NONE.has(-size)) return [];
  if (size < 0) throw new SystemError('llistxattr', [path], -size);
  const names = Buffer.allocUnsafe(LARGEST);
  const length = llistxattr(path, names, names.length);
  return names.toString('utf8', 0, length).split('\0').filter(Boolean).toSorted();
}

/** lremovexattr(2). @throws SystemError */
export function removeXattr(path: string, name: string): void {
  lremovexattr(path, name);
}
