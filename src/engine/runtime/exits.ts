import { type FSWatcher, mkdirSync, readFileSync, rmSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import { codeOf, messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';

export interface ExitFile {
  readonly code: number;
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
}

const POLL_MS = 500;

/**
 * conmon writes `<directory>/<id>` with the exit code when a container has ended and its output is
 * drained. One watch serves all containers; it is set before anybody looks, so that no file can
 * appear between a look and the watch.
 */
export class ExitDirectory implements Disposable {
  readonly #path: string;
  readonly #log: Logger;
  readonly #waiting = new Map<string, (exit: ExitFile) => void>();
  #watcher: FSWatcher | undefined;
  #poll: NodeJS.Timeout | undefined;

  constructor(path: string, log: Logger) {
    this.#path = path;
    this.#log = log;
    mkdirSync(path, { recursive: true, mode: 0o700 });
    this.#watch();
  }

  get path(): string {
    return this.#path;
  }

  /** Calls back once, at once if the file is there already. */
  onExit(id: string, callback: (exit: ExitFile) => void): void {
    this.#waiting.set(id, callback);
    this.check(id);
  }

  forget(id: string): void {
    this.#waiting.delete(id);
  }

  /** Looks now. */
  check(id: string): void {
    const callback = this.#waiting.get(id);
    const exit = callback && this.read(id);
    if (!callback || !exit) return;
    this.#waiting.delete(id);
    callback(exit);
  }

  read(id: string): ExitFile | undefined {
    const path = join(this.#path, id);
    try {
      const text = readFileSync(path, 'latin1').trim();
      if (!/^\d+$/.test(text)) return undefined;
      return { code: Number(text), time: statSync(path, { bigint: true }).mtimeNs };
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  remove(id: string): void {
    this.forget(id);
    rmSync(join(this.#path, id), { force: true });
  }

  [Symbol.dispose](): void {
    this.#watcher?.close();
    clearInterval(this.#poll);
    this.#waiting.clear();
  }

  #watch(): void {
    try {
      this.#watcher = watch(this.#path, { persistent: false }, (_event, name) => {
        if (name === null) this.#checkAll();
        else this.check(name);
      });
      this.#watcher.on('error', (error) => this.#fallBack(error));
    } catch (error) {
      this.#fallBack(error);
    }
  }

  /** inotify is limited per user, and this is too important to do without. */
  #fallBack(error: unknown): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#log.warn(`cannot watch ${this.#path}, looking twice a second instead: ${messageOf(error)}`);
    this.#poll ??= setInterval(() => this.#checkAll(), POLL_MS).unref();
    this.#checkAll();
  }

  #checkAll(): void {
    for (const id of this.#waiting.keys()) this.check(id);
  }
}
