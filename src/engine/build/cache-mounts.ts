import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunMount } from '#dockerfile';
import { newId } from '#lib/ids';
import { KeyedLock } from '#lib/lock';

export type CacheMount = Extract<RunMount, { type: 'cache' }>;

interface Owned {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Directories of `RUN --mount=type=cache`: they outlive builds. */
export class CacheMounts {
  readonly #root: string;
  readonly #locks = new KeyedLock();
  readonly #users = new Map<string, number>();
  readonly #fillLocks = new KeyedLock();
  /** Those that are being made: not yet where they belong. */
  readonly #filling = new Set<string>();
  /** Those that are being read: who wants one waits. */
  readonly #held = new Map<string, Promise<void>>();

  constructor(root: string) {
    this.#root = root;
  }

  /**
   * The directory of a mount until the result is disposed. Who wants it locked waits for it; who wants it private and
   * finds it in use gets another. `fill` is called for a new one.
   */
  async open(
    { id, sharing, mode = 0o755, uid = 0, gid = 0 }: CacheMount,
    fill: (path: string) => Promise<void>,
  ): Promise<{ readonly path: string } & Disposable> {
    const path = this.#path(id);
    await this.#held.get(path);
    if (sharing === 'private' && this.#users.has(path))
      return await this.#take(`${path}-${newId()}`, fill, { mode, uid, gid });
    if (sharing !== 'locked') return await this.#take(path, fill, { mode, uid, gid });
    const lock = await this.#locks.acquire(path);
    try {
      const taken = await this.#take(path, fill, { mode, uid, gid });
      return {
        path,
        [Symbol.dispose]() {
          taken[Symbol.dispose]();
          lock[Symbol.dispose]();
        },
      };
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  /** The directory of a mount while nobody changes it: those who come wait. Undefined: there is none, or it is in use. */
  hold(id: string): ({ readonly path: string } & Disposable) | undefined {
    const path = this.#path(id);
    if (this.#users.has(path) || this.#held.has(path) || !existsSync(path)) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held.set(path, promise);
    return {
      path,
      [Symbol.dispose]: () => {
        this.#held.delete(path);
        resolve();
      },
    };
  }

  #path(id: string): string {
    return join(this.#root, createHash('sha256').update(id).digest('hex'));
  }

  /** Takes away those that no step uses right now. */
  async discard(remove: (path: string) => void): Promise<void> {
    for (const name of await readdir(this.#root).catch(() => [])) {
      const path = join(this.#root, name);
      if (!this.#users.has(path) && !this.#held.has(path) && !this.#filling.has(path)) remove(path);
    }
  }

  async #take(
    path: string,
    fill: (path: string) => Promise<void>,
    owned: Owned,
  ): Promise<{ readonly path: string } & Disposable> {
    this.#users.set(path, (this.#users.get(path) ?? 0) + 1);
    const leave = () => {
      const left = (this.#users.get(path) ?? 1) - 1;
      if (left > 0) this.#users.set(path, left);
      else this.#users.delete(path);
    };
    try {
      await this.#make(path, fill, owned);
      return { path, [Symbol.dispose]: leave };
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** It appears when it is whole: those who come meanwhile wait, and a fill that failed leaves nothing. */
  async #make(path: string, fill: (path: string) => Promise<void>, { mode, uid, gid }: Owned): Promise<void> {
    using _lock = await this.#fillLocks.acquire(path);
    if (existsSync(path)) return;
    const partial = `${path}.${newId()}`;
    this.#filling.add(partial);
    try {
      await mkdir(partial, { recursive: true });
      await fill(partial);
      await chmod(partial, mode);
      await chown(partial, uid, gid);
      await rename(partial, path);
    } catch (error) {
      await rm(partial, { recursive: true, force: true });
      throw error;
    } finally {
      this.#filling.delete(partial);
    }
  }
}
