import { tarPadding } from '#oci/layer';
import { InlineTree } from '../files/inline-tree.ts';
import { headerOf } from '../files/pack.ts';
import type { PlacedEntry } from '../files/place.ts';
import { type Selection, type SelectRequest, selectFiles } from '../files/select.ts';
import type { InlineFile } from '../step.ts';
import type { CopySource } from './copy-source.ts';

/** Heredocs of COPY and ADD. */
export class InlineSource implements CopySource {
  readonly #tree: InlineTree;

  constructor(files: readonly InlineFile[]) {
    this.#tree = new InlineTree(files);
  }

  select(request: SelectRequest): Selection {
    return selectFiles(this.#tree, request);
  }

  async *pack(entries: readonly PlacedEntry[]): AsyncGenerator<Uint8Array, void> {
    for (const { path, source, node } of entries) {
      yield headerOf(path, node);
      if (source === undefined || node.type !== 'file') continue;
      yield this.#tree.content(source);
      yield tarPadding(node.size);
    }
  }

  async *read(path: string): AsyncGenerator<Uint8Array, void> {
    yield this.#tree.content(path);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
