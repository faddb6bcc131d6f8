import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, messageOf } from '#lib/errors';
import { IdleThread } from '#lib/idle-thread';
import type { Logger } from '#lib/log';
import { Gathering } from './gathering.ts';
import type { TrashJobs } from './trash-thread.ts';

/** A message wakes a thread: trees that are discarded within this time go in one. */
const GATHER_MS = 50;

/**
 * Where trees go to be deleted, which takes seconds for a large one. What is in here is gone for everybody,
 * and stays gone if the daemon dies: the next one goes on deleting.
 */
export class Trash implements AsyncDisposable {
  readonly #root: string;
  readonly #log: Logger;
  readonly #thread = new IdleThread<TrashJobs>(new URL('./trash-thread.ts', import.meta.url));
  readonly #waiting: string[] = [];
  readonly #gathering = new Gathering(GATHER_MS);
  readonly #stop = new Int32Array(new SharedArrayBuffer(4));
  #deleting: Promise<void> | undefined;

  private constructor(root: string, log: Logger) {
    this.#root = root;
    this.#log = log;
  }

  /** `root` is on the file system of all that is discarded. */
  static open(root: string, log: Logger): Trash {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    const trash = new Trash(root, log);
    for (const name of readdirSync(root)) trash.#delete(join(root, name));
    return trash;
  }

  /** Synchronous and quick, whatever the size. False when there is no such path. */
  discard(path: string): boolean {
    const place = join(this.#root, randomBytes(8).toString('hex'));
    try {
      renameSync(path, place);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return false;
      throw error;
    }
    this.#delete(place);
    return true;
  }

  /** Stops at once; what is left is the next daemon's. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#waiting.length = 0;
    Atomics.store(this.#stop, 0, 1);
    await this.#deleting;
    await this.#thread[Symbol.asyncDispose]();
  }

  #delete(place: string): void {
    this.#waiting.push(place);
    this.#deleting ??= this.#work();
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#gathering.join();
      await Promise.all(this.#waiting.splice(0).map((place) => this.#deleteOne(place)));
    }
    this.#deleting = undefined;
  }

  async #deleteOne(place: string): Promise<void> {
    try {
      await this.#thread.call('remove', place, this.#stop);
    } catch (error) {
      this.#log.warn('a removed tree could not be deleted', { place, error: messageOf(error) });
    }
  }
}
