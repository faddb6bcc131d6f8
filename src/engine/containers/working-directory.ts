import { chownSync, constants, mkdirSync } from 'node:fs';
import { posix } from 'node:path';
import { codeOf, invalid } from '#lib/errors';
import type { Owner } from '#linux/ids';
import { openRootedPath, type RootedPath } from './rooted-path.ts';

/**
 * Makes the working directory, with its parents, below a container's root. Links in the image are followed
 * only inside that root, and each new directory is made relative to its parent's handle: a name that
 * changes underneath us cannot lead outside. What is made is `owner`'s, where that is not ourselves.
 * @throws invalid when something else is in its place
 */
export function ensureDirectory(root: string, path: string, owner?: Owner): void {
  using _ = openOrMake(root, posix.resolve('/', path), owner);
}

function openOrMake(root: string, path: string, owner: Owner | undefined): RootedPath {
  try {
    return openRootedPath(root, path, constants.O_DIRECTORY);
  } catch (error) {
    if (codeOf(error) === 'ENOTDIR') throw invalid(`Cannot mkdir: ${path} is not a directory`, error);
    if (codeOf(error) !== 'ENOENT' || path === '/') throw error;
  }
  using parent = openOrMake(root, posix.dirname(path), owner);
  try {
    mkdirSync(`${parent.handle}/${posix.basename(path)}`, { mode: 0o755 });
  } catch (error) {
    // A link that leads nowhere.
    if (codeOf(error) === 'EEXIST') throw invalid(`Cannot mkdir: ${path} is not a directory`, error);
    throw error;
  }
  const made = openRootedPath(root, path, constants.O_DIRECTORY);
  if (owner) chownSync(made.handle, owner.uid, owner.gid);
  return made;
}
