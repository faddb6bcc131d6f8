import { messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';

/** A tool that loads rules makes several transactions in a row. */
const QUIET_MS = 50;
/** For hosts whose rules never rest. */
const PAUSE_MS = 1_000;

/** Does a piece of work again whenever it is asked for: soon, never twice at once, and not all the time. */
export class Refresh implements AsyncDisposable {
  readonly #work: () => Promise<void>;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #wanted = false;
  #ended = -Infinity;

  constructor(work: () => Promise<void>, log: Logger) {
    this.#work = work;
    this.#log = log;
  }

  request(): void {
    this.#wanted = true;
    if (this.#timer || this.#running) return;
    const wait = Math.max(QUIET_MS, this.#ended + PAUSE_MS - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#running = this.#run();
    }, wait).unref();
  }

  async #run(): Promise<void> {
    this.#wanted = false;
    try {
      await this.#work();
    } catch (error) {
      this.#log.error("the host's firewall could not be followed", { error: messageOf(error) });
    }
    this.#ended = performance.now();
    this.#running = undefined;
    if (this.#wanted) this.request();
  }

  /** Resolves when no work is under way; what is only asked for does not count. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    this.#wanted = false;
    await this.#running;
    clearTimeout(this.#timer);
  }
}
