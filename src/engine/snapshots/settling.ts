import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';
import { syncFs } from '#linux/files';
import { bootId } from '#linux/process';

/** Time for more layers to arrive before all are synced together. */
const DELAY_MS = 2000;
const MARK = 'unsettled';

/**
 * Which layers would survive a power failure. Nothing is synced while a layer is unpacked, which would double
 * the time it takes: it is marked with the id of this boot until a sync in the background has passed. A mark
 * of another boot means that files of the layer may be empty.
 */
export class Settling implements AsyncDisposable {
  readonly #root: string;
  readonly #log: Logger;
  readonly #boot = bootId();
  readonly #onSettled: () => void;
  #unsettled = new Set<string>();
  /** Being synced. */
  #half = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #syncing: Promise<void> = Promise.resolve();

  /** `onSettled`: told after each sync. */
  constructor(root: string, log: Logger, onSettled: () => void = () => {}) {
    this.#root = root;
    this.#log = log;
    this.#onSettled = onSettled;
  }

  /** Marks a directory; call the result with its final place once it is there. */
  mark(directory: string): (place: string) => void {
    writeFileSync(join(directory, MARK), this.#boot);
    return (place) => this.#watch(place);
  }

  isWhole(directory: string): boolean {
    const mark = join(directory, MARK);
    if (!existsSync(mark)) return true;
    if (readFileSync(mark, 'utf8') !== this.#boot) return false;
    this.#watch(directory);
    return true;
  }

  /** Whether a layer that is whole has been synced. */
  isSettled(place: string): boolean {
    return !this.#unsettled.has(place) && !this.#half.has(place);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    await this.#syncing;
  }

  #watch(place: string): void {
    this.#unsettled.add(place);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#syncing = this.#settle();
    }, DELAY_MS).unref();
  }

  async #settle(): Promise<void> {
    // One that cannot be synced stays so: its mark stays too.
    const places = [...this.#unsettled];
    this.#unsettled = new Set();
    for (const place of places) this.#half.add(place);
    try {
      await syncFs(this.#root);
      await Promise.all(places.map((place) => rm(join(place, MARK), { force: true })));
      for (const place of places) this.#half.delete(place);
      this.#onSettled();
    } catch (error) {
      this.#log.warn('unpacked layers could not be synced', { error: messageOf(error) });
    }
  }
}
