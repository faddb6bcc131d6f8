import { setTimeout as sleep } from 'node:timers/promises';

export interface NetworkProcessOptions {
  /** Its pid. */
  readonly start: () => Promise<number>;
  /** Resolves when it has ended. */
  readonly ended: (pid: number) => Promise<unknown>;
  readonly kill: (pid: number) => void;
  /** Milliseconds before it is started again when it has ended by itself. */
  readonly retry: number;
  readonly onRestart: () => void;
}

/** The process that connects the network: there is one until `end`, and none from then on. */
export class NetworkProcess {
  readonly #options: NetworkProcessOptions;
  readonly #ending = new AbortController();
  /** The one that runs, or is about to. */
  #pid: Promise<number>;
  /** Of the first one. */
  readonly ended: Promise<unknown>;

  private constructor(options: NetworkProcessOptions, pid: number) {
    this.#options = options;
    this.#pid = Promise.resolve(pid);
    this.ended = options.ended(pid);
  }

  static async start(options: NetworkProcessOptions): Promise<NetworkProcess> {
    return new NetworkProcess(options, await options.start());
  }

  /** Starts it again whenever it has ended by itself. Resolves when `end` was called. */
  async keep(): Promise<void> {
    const { retry, onRestart, start } = this.#options;
    const { signal } = this.#ending;
    for (let ended = this.ended; ; ended = this.#nextEnd()) {
      await ended;
      if (signal.aborted) return;
      onRestart();
      await sleep(retry, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      this.#pid = start();
    }
  }

  async #nextEnd(): Promise<void> {
    try {
      await this.#options.ended(await this.#pid);
    } catch {
      // It could not be started, and is tried again.
    }
  }

  /** One that is being started at this moment ends too. */
  async end(): Promise<void> {
    this.#ending.abort();
    try {
      this.#options.kill(await this.#pid);
    } catch {
      // It has ended already, or never began.
    }
  }
}
