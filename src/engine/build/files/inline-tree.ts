import { createHash } from 'node:crypto';
import type { InlineFile } from '../step.ts';
import type { Tree, TreeNode } from './tree.ts';

/** Files whose content stands in the Dockerfile. */
export class InlineTree implements Tree {
  readonly #files: ReadonlyMap<string, Buffer>;

  constructor(files: readonly InlineFile[]) {
    this.#files = new Map(files.map(({ name, content }) => [name, Buffer.from(content)]));
  }

  lstat(path: string): TreeNode | undefined {
    if (path === '') return node('directory', 0o755, 0);
    const content = this.#files.get(path);
    return content && node('file', 0o644, content.length);
  }

  children(path: string): readonly string[] {
    return path === '' ? [...this.#files.keys()].sort() : [];
  }

  digest(path: string): string {
    return createHash('sha256').update(this.content(path)).digest('hex');
  }

  content(path: string): Buffer {
    return this.#files.get(path) ?? Buffer.alloc(0);
  }
}

const node = (type: 'file' | 'directory', mode: number, size: number): TreeNode => ({
  type,
  mode,
  uid: 0,
  gid: 0,
  size,
  // The same whenever it is built: nobody made the file at some time.
  mtime: 0n,
  link: '',
  major: 0,
  minor: 0,
  xattrs: new Map(),
});
