import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, messageOf } from '#lib/errors';
import { IdleThread } from '#lib/idle-thread';
import type { Logger } from '#lib/log';
import { listMounts, unmount } from '#linux/mount';
import { Gathering } from './gathering.ts';
import type { TrashJobs } from './trash-thread.ts';

/** A message wakes a thread: trees that are discarded within this time go in one. */
const GATHER_MS = 50;

interface Tree {
  readonly place: string;
  /** What is mounted in it. */
  readonly mounts: readonly string[];
}

/**
 * Where trees go to be deleted, which takes seconds for a large one. What is in here is gone for everybody,
 * and stays gone if the daemon dies: the next one goes on deleting.
 */
export class Trash implements AsyncDisposable {
  readonly #root: string;
  readonly #log: Logger;
  readonly #thread = new IdleThread<TrashJobs>(new URL('./trash-thread.ts', import.meta.url));
  readonly #waiting: Tree[] = [];
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
    const mounted = listMounts().map(({ mountPoint }) => mountPoint);
    for (const name of readdirSync(root)) {
      const place = join(root, name);
      trash.#delete({ place, mounts: mounted.filter((path) => path.startsWith(`${place}/`)) });
    }
    return trash;
  }

  /**
   * Synchronous and quick, whatever the size; what is mounted on `mountPoint` in it is taken off later. False when
   * there is no such path.
   */
  discard(path: string, mountPoint?: string): boolean {
    const place = join(this.#root, randomBytes(8).toString('hex'));
    try {
      renameSync(path, place);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return false;
      throw error;
    }
    this.#delete({ place, mounts: mountPoint === undefined ? [] : [join(place, mountPoint)] });
    return true;
  }

  /** Stops at once; what is left is the next daemon's, but nothing stays mounted. */
  async [Symbol.asyncDispose](): Promise<void> {
    const left = this.#waiting.splice(0);
    Atomics.store(this.#stop, 0, 1);
    for (const path of left.flatMap(({ mounts }) => mounts)) await unmount(path);
    await this.#deleting;
    await this.#thread[Symbol.asyncDispose]();
  }

  #delete(tree: Tree): void {
    this.#waiting.push(tree);
    this.#deleting ??= this.#work();
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#gathering.join();
      await Promise.all(this.#waiting.splice(0).map((tree) => this.#deleteOne(tree)));
    }
    this.#deleting = undefined;
  }

  async #deleteOne({ place, mounts }: Tree): Promise<void> {
    try {
      for (const path of mounts) await unmount(path);
      await this.#thread.call('remove', place, this.#stop);
    } catch (error) {
      this.#log.warn('a removed tree could not be deleted', { place, error: messageOf(error) });
    }
  }
}
