import { type Dirent, readdirSync, readlinkSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { compilePattern } from '#dockerfile';

const WILDCARD = /[*?[\\]/;
/** As the kernel's. */
const MAX_LINKS = 40;

/**
 * What a daemon must be sent so that it finds these paths, which may have wildcards: everything at and below the result.
 * Symlinks on the way are part of it, and so is what they lead to; none leads out of the root.
 */
export async function followPaths(root: string, patterns: readonly string[]): Promise<Set<string>> {
  const follower = new Follower(root);
  for (const pattern of patterns) await follower.follow('', pattern.split('/').filter(Boolean), 0);
  return follower.needed;
}

class Follower {
  readonly needed = new Set<string>();
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async follow(directory: string, parts: readonly string[], links: number): Promise<void> {
    const [part, ...rest] = parts;
    if (part === undefined) this.needed.add(directory);
    else if (part === '.') await this.follow(directory, rest, links);
    else if (part === '..') await this.follow(parentOf(directory), rest, links);
    else if (part.includes('**')) this.needed.add(directory);
    else if (WILDCARD.test(part)) {
      const expression = compilePattern(part);
      for (const { name } of this.#entries(directory))
        if (expression.test(name)) await this.#step(posix.join(directory, name), rest, links);
    } else await this.#step(posix.join(directory, part), rest, links);
  }

  async #step(path: string, rest: readonly string[], links: number): Promise<void> {
    const found = await lstat(join(this.#root, path)).catch(() => undefined);
    if (!found) return;
    if (!found.isSymbolicLink()) return await this.follow(path, rest, links);
    this.needed.add(path);
    if (links >= MAX_LINKS) return;
    const target = readlinkSync(join(this.#root, path));
    const from = target.startsWith('/') ? '' : parentOf(path);
    await this.follow(from, [...target.split('/').filter(Boolean), ...rest], links + 1);
  }

  #entries(directory: string): Dirent[] {
    try {
      return readdirSync(join(this.#root, directory), { withFileTypes: true });
    } catch {
      // No directory, then: nothing in it can be meant.
      return [];
    }
  }
}

const parentOf = (path: string): string => (path.includes('/') ? posix.dirname(path) : '');
