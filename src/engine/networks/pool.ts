import { messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';
import type { ReadySandbox } from './ready-sandbox.ts';

/** After a failure the pool waits so long before it tries again; starts build their own sandbox meanwhile. */
const RETRY_MS = 5_000;

/** Ready-made sandboxes, made one at a time in the background as they are taken. */
export class SandboxPool {
  readonly #size: number;
  readonly #build: () => Promise<ReadySandbox>;
  readonly #log: Logger;
  readonly #ready: ReadySandbox[] = [];
  #filling: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: { size: number; build: () => Promise<ReadySandbox>; log: Logger }) {
    this.#size = options.size;
    this.#build = options.build;
    this.#log = options.log;
  }

  /** One that is ready, or none: never waits. */
  take(): ReadySandbox | undefined {
    const ready = this.#ready.shift();
    this.fill();
    return ready;
  }

  /** Begins to fill up in the background. */
  fill(): void {
    if (this.#closed || this.#filling || this.#retry || this.#ready.length >= this.#size) return;
    this.#filling = this.#fill().finally(() => {
      this.#filling = undefined;
    });
  }

  /** Resolves when the pool is as full as it gets. */
  async settled(): Promise<void> {
    await this.#filling;
  }

  /** No more are made. Those that were ready are the caller's to remove. */
  async close(): Promise<readonly ReadySandbox[]> {
    this.#closed = true;
    clearTimeout(this.#retry);
    await this.#filling;
    return this.#ready.splice(0);
  }

  async #fill(): Promise<void> {
    while (!this.#closed && this.#ready.length < this.#size) {
      try {
        this.#ready.push(await this.#build());
      } catch (error) {
        this.#log.warn('could not prepare a network sandbox ahead', { error: messageOf(error) });
        this.#retry = setTimeout(() => {
          this.#retry = undefined;
          this.fill();
        }, RETRY_MS).unref();
        return;
      }
    }
  }
}
