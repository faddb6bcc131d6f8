import { createHash } from 'node:crypto';
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { DirectorySource } from '#engine/snapshots';
import { codeOf } from '#lib/errors';
import { fsPath, pathFromBytes } from '#oci/layer';
import type { Tree, TreeNode } from './tree.ts';

const CHUNK = 1 << 20;

/**
 * The root file system of a finished step, mounted. No process runs in it, so nothing changes while it is read; and
 * no path that is asked for has a symlink on its way (`resolvePath`). Synchronous: for threads, and for a few looks.
 */
export class DiskTree implements Tree {
  readonly root: string;
  readonly #source: DirectorySource;

  constructor(root: string) {
    this.root = root;
    this.#source = new DirectorySource(root);
  }

  lstat(path: string): TreeNode | undefined {
    try {
      const node = this.#source.lstat(path);
      if (!node) return undefined;
      const link = node.type === 'symlink' ? this.#source.readlink(path) : '';
      return { ...node, link, xattrs: this.#source.xattrs(path) };
    } catch (error) {
      if (codeOf(error) === 'ENOTDIR') return undefined;
      throw error;
    }
  }

  children(path: string): readonly string[] {
    try {
      const names = readdirSync(fsPath(join(this.root, path)), { encoding: 'buffer' });
      return names.sort(Buffer.compare).map(pathFromBytes);
    } catch (error) {
      const code = codeOf(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') return [];
      throw error;
    }
  }

  digest(path: string): string {
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(CHUNK);
    const fd = openSync(fsPath(join(this.root, path)), 'r');
    try {
      for (let length = 1; length > 0; ) {
        length = readSync(fd, buffer);
        hash.update(buffer.subarray(0, length));
      }
    } finally {
      closeSync(fd);
    }
    return hash.digest('hex');
  }
}
