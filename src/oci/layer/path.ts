import { invalid } from '#lib/errors';
import { pathBytes } from '#oci/tar';

const MAX_NAME = 255;
/** PATH_MAX without the NUL. */
const MAX_PATH = 4095;

/**
 * The clean form of a name in an archive: relative to the root, without empty and `.` components; '' is
 * the root. A `..` is refused, even where it would stay inside: `a/../b` is `b` only as long as `a` is no
 * symlink, and no honest archiver writes it.
 * @throws invalid
 */
export function cleanPath(name: string, what = 'tar entry'): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  for (const part of parts) {
    if (part === '..')
      throw invalid(`${what} "${shorten(name)}" is outside of the archive's root: ".." is not allowed`);
    if (part.length * 3 > MAX_NAME && pathBytes(part).length > MAX_NAME) {
      throw invalid(`${what} "${shorten(name)}" has a file name longer than ${MAX_NAME} bytes`);
    }
  }
  const path = parts.join('/');
  if (path.length * 3 > MAX_PATH && pathBytes(path).length > MAX_PATH) {
    throw invalid(`${what} "${shorten(name)}" is longer than ${MAX_PATH} bytes`);
  }
  return path;
}

export const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
export const baseOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
export const joinPath = (parent: string, name: string): string =>
  parent === '' ? name : `${parent}/${name}`;

/** Names in error messages: hostile ones may be a megabyte long. */
export const shorten = (name: string): string => (name.length > 200 ? `${name.slice(0, 200)}...` : name);
