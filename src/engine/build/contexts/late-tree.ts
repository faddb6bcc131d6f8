import { TarTree } from '../files/tar-tree.ts';
import type { Tree, TreeNode } from '../files/tree.ts';

/** A context that is referred to before its files have come. */
export class LateTree implements Tree {
  #tree = new TarTree('', new Map());

  fill(tree: TarTree): void {
    this.#tree = tree;
  }

  get archive(): TarTree {
    return this.#tree;
  }

  lstat(path: string): TreeNode | undefined {
    return this.#tree.lstat(path);
  }

  children(path: string): readonly string[] {
    return this.#tree.children(path);
  }

  digest(path: string): string {
    return this.#tree.digest(path);
  }
}
