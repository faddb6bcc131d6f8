import { closeSync, constants, openSync, readdirSync } from 'node:fs';
import { codeOf } from '#lib/errors';
import { pathFromBytes } from '#oci/layer';

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * A directory of a tree that a running container may be changing. It could swap a directory for a symlink
 * between our looking and our entering: so each is entered through a descriptor opened with O_NOFOLLOW, and
 * `path` leads through that descriptor.
 */
export interface OpenDirectory extends Disposable {
  readonly path: string;
  /** Names as in #oci/layer, sorted. */
  names(): string[];
  /** What they were when they were read, in the order of the directory, which is quicker to delete in. */
  unsorted(): { readonly name: string; readonly isDirectory: boolean }[];
}

/** Undefined when there is no directory of that name any more. */
export function openDirectory(place: string | Buffer): OpenDirectory | undefined {
  let fd: number;
  try {
    fd = openSync(place, DIRECTORY);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
  const path = `/proc/self/fd/${fd}`;
  return {
    path,
    names: () => readdirSync(path, { encoding: 'buffer' }).map(pathFromBytes).sort(),
    unsorted: () =>
      readdirSync(path, { encoding: 'buffer', withFileTypes: true }).map((entry) => ({
        name: pathFromBytes(entry.name),
        isDirectory: entry.isDirectory(),
      })),
    [Symbol.dispose]: () => closeSync(fd),
  };
}
