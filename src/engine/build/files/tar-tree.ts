import { closeSync, openSync, readSync } from 'node:fs';
import { invalid } from '#lib/errors';
import type { Segment } from '#oci/layer';
import type { Tree, TreeNode } from './tree.ts';

/** A member of an archive that stays as it is: where its content is, and what it is. */
export interface TarNode extends TreeNode {
  /** Hex; of files only. */
  readonly digest: string;
  /** Bytes from the start of the archive. */
  readonly offset: number;
  /** Where the stored bytes belong in a sparse file. */
  readonly segments?: readonly Segment[] | undefined;
}

/** A build context: an archive on disk and the list of its members. */
export class TarTree implements Tree {
  /** The archive. */
  readonly path: string;
  readonly #nodes: ReadonlyMap<string, TarNode>;
  readonly #children = new Map<string, string[]>();

  constructor(path: string, nodes: ReadonlyMap<string, TarNode>) {
    this.path = path;
    this.#nodes = nodes;
    for (const name of nodes.keys()) {
      if (name === '') continue;
      const slash = name.lastIndexOf('/');
      const parent = slash < 0 ? '' : name.slice(0, slash);
      const siblings = this.#children.get(parent);
      if (siblings) siblings.push(name.slice(slash + 1));
      else this.#children.set(parent, [name.slice(slash + 1)]);
    }
    for (const names of this.#children.values()) names.sort();
  }

  lstat(path: string): TarNode | undefined {
    return this.#nodes.get(path);
  }

  children(path: string): readonly string[] {
    return this.#children.get(path) ?? [];
  }

  digest(path: string): string {
    return this.#nodes.get(path)?.digest ?? '';
  }

  /** Without what the rules leave out. A directory stays while anything in it does. */
  without(ignores: (path: string) => boolean): TarTree {
    const kept = new Map<string, TarNode>();
    for (const [path, node] of this.#nodes) {
      if (path !== '' && ignores(path)) continue;
      for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) {
        const parent = this.#nodes.get(at);
        if (parent && !kept.has(at)) kept.set(at, at === path ? node : parent);
        if (at === '') break;
      }
    }
    return new TarTree(this.path, kept);
  }

  /** A small file as a whole. @throws invalid when it is no file or too large */
  readSmall(path: string, limit: number): Buffer | undefined {
    const node = this.#nodes.get(path);
    if (!node) return undefined;
    if (node.type !== 'file') throw invalid(`${path} is not a file`);
    if (node.size > limit) throw invalid(`${path} is too large: ${node.size} bytes, ${limit} are allowed`);
    const content = Buffer.alloc(node.size);
    const fd = openSync(this.path, 'r');
    try {
      readSync(fd, content, 0, node.size, node.offset);
    } finally {
      closeSync(fd);
    }
    return content;
  }
}
