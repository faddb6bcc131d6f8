import { createReadStream } from 'node:fs';
import { invalid } from '#lib/errors';
import { LateTree } from '../contexts/late-tree.ts';
import { packFromTar } from '../files/pack.ts';
import type { PlacedEntry } from '../files/place.ts';
import { type Selection, type SelectRequest, selectFiles } from '../files/select.ts';
import type { TarTree } from '../files/tar-tree.ts';
import type { Tree } from '../files/tree.ts';
import type { CopySource } from './copy-source.ts';

/** A build context: an archive whose members are read where they lie. */
export class ContextSource implements CopySource {
  readonly #tree: TarTree;

  constructor(tree: Tree) {
    if (!(tree instanceof LateTree)) throw invalid('nothing can be copied out of this context');
    this.#tree = tree.archive;
  }

  select(request: SelectRequest): Selection {
    return selectFiles(this.#tree, request);
  }

  pack(entries: readonly PlacedEntry[]): AsyncIterable<Uint8Array> {
    return packFromTar(entries, this.#tree);
  }

  async *read(path: string): AsyncGenerator<Uint8Array, void> {
    const node = this.#tree.lstat(path);
    if (!node || node.size === 0) return;
    const end = node.offset + node.size - 1;
    yield* createReadStream(this.#tree.path, { start: node.offset, end, highWaterMark: 1 << 18 });
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
