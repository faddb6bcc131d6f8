import { type Handlers, Thread } from '#lib/thread';

/** A thread costs 30 ms and some megabytes: it is kept for a burst of work, not for good. */
const IDLE_MS = 5000;

/** A `Thread` that is started when there is something to do, and ends when there has been nothing for a while. */
export class IdleThread<H extends Handlers> implements AsyncDisposable {
  readonly #script: URL;
  #thread: Thread<H> | undefined;
  #underWay = 0;
  #idle: NodeJS.Timeout | undefined;

  /** `script` is the thread's file: it calls `serve`. */
  constructor(script: URL) {
    this.#script = script;
  }

  async call<K extends keyof H & string>(
    name: K,
    ...args: Parameters<H[K]>
  ): Promise<Awaited<ReturnType<H[K]>>> {
    clearTimeout(this.#idle);
    if (!this.#thread || this.#thread.ended) this.#thread = new Thread(this.#script);
    this.#underWay++;
    try {
      return await this.#thread.call(name, ...args);
    } finally {
      this.#underWay--;
      if (this.#underWay === 0) {
        this.#idle = setTimeout(() => void this[Symbol.asyncDispose](), IDLE_MS).unref();
      }
    }
  }

  /** Waits for the calls that were made; one that comes later starts another thread. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#idle);
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.[Symbol.asyncDispose]();
  }
}
