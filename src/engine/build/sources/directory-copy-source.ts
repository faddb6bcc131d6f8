import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { threadStream } from '#lib/thread-stream';
import { fsPath } from '#oci/layer';
import type { PackInput } from '../files/pack-thread.ts';
import type { PlacedEntry } from '../files/place.ts';
import type { Selection, SelectRequest } from '../files/select.ts';
import type { BuildSession } from '../session.ts';
import type { CopySource } from './copy-source.ts';

const packThread = new URL('../files/pack-thread.ts', import.meta.url);

/** A directory on disk in which nothing changes: the result of a stage, or what was fetched. Read by threads. */
export class DirectoryCopySource implements CopySource {
  readonly #session: Pick<BuildSession, 'selectThread'>;
  readonly #root: string;
  readonly #held: AsyncDisposable | undefined;

  constructor(session: Pick<BuildSession, 'selectThread'>, root: string, held?: AsyncDisposable) {
    this.#session = session;
    this.#root = root;
    this.#held = held;
  }

  select(request: SelectRequest): Promise<Selection> {
    return this.#session.selectThread.call('select', this.#root, request);
  }

  pack(entries: readonly PlacedEntry[]): AsyncIterable<Uint8Array> {
    return threadStream<PackInput>(packThread, { root: this.#root, entries });
  }

  read(path: string): AsyncIterable<Uint8Array> {
    return createReadStream(fsPath(join(this.#root, path)), { highWaterMark: 1 << 18 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#held?.[Symbol.asyncDispose]();
  }
}
