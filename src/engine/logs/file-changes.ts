import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Also without any report: inotify may be exhausted, and some file systems have none. */
const POLL_MS = 1_000;
const POLL_UNWATCHED_MS = 200;

/** Waits for changes of one file, which may be renamed and made anew. A change between two waits is not missed. */
export class FileChanges implements Disposable {
  #watcher: FSWatcher | undefined;
  #changed = false;
  #wake: () => void = () => {};

  constructor(path: string) {
    const name = basename(path);
    try {
      this.#watcher = watch(dirname(path), (_event, changed) => {
        if (changed !== null && changed !== name) return;
        this.#changed = true;
        this.#wake();
      });
      this.#watcher.on('error', () => this[Symbol.dispose]());
    } catch {
      // Polling alone is slower, but as correct.
      this.#watcher = undefined;
    }
  }

  /** Resolves when the file may have changed, or one of the signals aborts. */
  async next(...signals: readonly AbortSignal[]): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, this.#watcher ? POLL_MS : POLL_UNWATCHED_MS);
    for (const signal of signals) signal.addEventListener('abort', resolve as () => void);
    if (this.#changed || signals.some((signal) => signal.aborted)) resolve();
    try {
      await promise;
    } finally {
      this.#changed = false;
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener('abort', resolve as () => void);
    }
  }

  [Symbol.dispose](): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }
}
