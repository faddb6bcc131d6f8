import { invalid } from '#lib/errors';
import { childPath, parentPath, type Tree } from './tree.ts';

/** As the kernel's. */
const MAX_LINKS = 40;

/**
 * Where a path leads in a tree, symlinks followed as a process chrooted to it would: `..` and absolute links stay
 * inside. The last component may be missing. Undefined when the way there is.
 */
export function resolvePath(tree: Tree, path: string): string | undefined {
  let links = 0;
  let resolved = '';
  const left = path.split('/').reverse();
  while (left.length > 0) {
    const part = left.pop() ?? '';
    if (part === '' || part === '.') continue;
    if (part === '..') {
      resolved = parentPath(resolved);
      continue;
    }
    const next = childPath(resolved, part);
    const node = tree.lstat(next);
    if (node?.type === 'symlink') {
      if (++links > MAX_LINKS) throw invalid(`too many levels of symbolic links: ${path}`);
      if (node.link.startsWith('/')) resolved = '';
      left.push(...node.link.split('/').reverse());
      continue;
    }
    const goesOn = left.some((each) => each !== '' && each !== '.');
    if (goesOn && node?.type !== 'directory') return undefined;
    resolved = next;
  }
  return resolved;
}
