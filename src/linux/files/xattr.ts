import { errnoNumber, SystemError } from '../errno.ts';
import { lgetxattr, llistxattr, lsetxattr } from '../ffi/files.ts';
import { cPath, type Path } from '../ffi/path.ts';

const ERANGE = -errnoNumber('ERANGE');
const ENODATA = -errnoNumber('ENODATA');
const EOPNOTSUPP = -errnoNumber('EOPNOTSUPP');

/** lsetxattr(2): never follows a symlink. Creates or replaces. @throws SystemError */
export function setXattr(path: Path, name: string, value: Uint8Array): void {
  lsetxattr(cPath(path), name, value, value.length, 0);
}

/** lgetxattr(2). undefined: the file has none of that name, or its file system has none at all. @throws SystemError */
export function getXattr(path: Path, name: string): Buffer | undefined {
  const place = cPath(path);
  const value = read((buffer) => lgetxattr.attempt(place, name, buffer, buffer?.length ?? 0));
  if (typeof value !== 'number') return value;
  if (value === ENODATA || value === EOPNOTSUPP) return undefined;
  throw new SystemError('lgetxattr', [path, name], -value);
}

/** llistxattr(2). @throws SystemError */
export function listXattrs(path: Path): string[] {
  const place = cPath(path);
  const names = read((buffer) => llistxattr.attempt(place, buffer, buffer?.length ?? 0));
  if (typeof names === 'number') {
    if (names === EOPNOTSUPP) return [];
    throw new SystemError('llistxattr', [path], -names);
  }
  return names.toString('utf8').split('\0').slice(0, -1);
}

/** Most values are short: one call. Longer ones are asked for their size, again when they grew meanwhile. */
function read(call: (buffer: Buffer | null) => number): Buffer | number {
  let buffer = Buffer.alloc(256);
  for (;;) {
    const length = call(buffer);
    if (length >= 0) return buffer.subarray(0, length);
    if (length !== ERANGE) return length;
    const size = call(null);
    if (size < 0) return size;
    buffer = Buffer.alloc(size + 64);
  }
}
