import { invalid } from '#lib/errors';
import { baseOf, cleanPath, joinPath, parentOf, shorten } from './path.ts';
import type { LayerTarget, NodeType } from './target.ts';

/** As many as Linux follows before it says ELOOP. */
const MAX_LINKS = 40;
const MAX_DEPTH = 4096;

/**
 * Finds the real directory that an entry goes into. Symlinks on the way are followed as a process
 * chrooted to the root would: an absolute target starts at the root, `..` stops there. The kernel would
 * follow them outside, so no path with an unresolved symlink in its parents is ever handed to the target.
 */
export class Parents {
  readonly #target: LayerTarget;
  readonly #make: (path: string) => void;
  /** Directories by the path they were asked for; the value is the real path. */
  readonly #known = new Map<string, string>([['', '']]);

  /** `make` creates a directory that is missing; its parent is there. */
  constructor(target: LayerTarget, make: (path: string) => void) {
    this.#target = target;
    this.#make = make;
  }

  /** The real path of an entry: its parents resolved and, where missing, made; its last name as it is. @throws invalid */
  place(path: string): string {
    return path === '' ? '' : joinPath(this.directory(parentOf(path)), baseOf(path));
  }

  /** The real path of a directory, made where it is missing. @throws invalid */
  directory(path: string): string {
    const known = this.#known.get(path);
    if (known !== undefined) return known;
    const real = this.#walk(path, true) ?? '';
    this.#known.set(path, real);
    return real;
  }

  /** Like `place`, but makes nothing: undefined when a parent is missing or no directory. */
  find(path: string): string | undefined {
    if (path === '') return '';
    const parent = this.#known.get(parentOf(path)) ?? this.#walk(parentOf(path), false);
    return parent === undefined ? undefined : joinPath(parent, baseOf(path));
  }

  /** Is every component of it a directory, no symlink among them? */
  isRealDirectory(path: string): boolean {
    return this.find(path) === path && this.#target.lstat(path) === 'directory';
  }

  /** Something that may have been on a resolved path was removed. */
  forget(): void {
    this.#known.clear();
    this.#known.set('', '');
  }

  #walk(path: string, make: boolean): string | undefined {
    const todo = path.split('/').reverse();
    let real = '';
    let links = 0;
    for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
      if (name === '' || name === '.') continue;
      if (name === '..') {
        real = parentOf(real);
        continue;
      }
      const next = joinPath(real, name);
      // A target may be as long as a path: what it leads to needs names that a file system can hold.
      if (links > 0) cleanPath(next, 'what a symlink leads to:');
      const type = this.#known.get(next) === next ? 'directory' : this.#target.lstat(next);
      if (type === 'symlink') {
        const target = this.#target.readlink(next);
        if (++links > MAX_LINKS || todo.length > MAX_DEPTH)
          throw invalid(`too many levels of symbolic links in "${shorten(path)}"`);
        if (target.startsWith('/')) real = '';
        todo.push(...target.split('/').reverse());
        continue;
      }
      if (!make && type !== 'directory') return undefined;
      this.#enter(next, type);
      real = next;
    }
    return real;
  }

  #enter(path: string, type: NodeType | undefined): void {
    if (type === 'directory') {
      this.#known.set(path, path);
      return;
    }
    this.#make(path);
    this.#known.set(path, path);
  }
}
