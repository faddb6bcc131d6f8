import { messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';
import { DescriptorHolder } from '#linux/fdstore';

type Pairs = DescriptorHolder['pairs'];

/** Milliseconds after the last container's end: it may be one of many short ones. */
const LINGER_MS = 2_000;

/**
 * The process that keeps the resolvers' sockets while we are gone, for as long as there are any: what
 * containers ask meanwhile waits in them. Killed, it is replaced.
 */
export class SocketHolder {
  readonly #directory: string;
  readonly #log: Logger;
  /** Tells the thread where to keep copies from now on. */
  readonly #keepIn: (pairs: Pairs | undefined) => Promise<void>;
  #holder: DescriptorHolder | undefined;
  #stopping: NodeJS.Timeout | undefined;
  #changing: Promise<void> = Promise.resolve();

  constructor(directory: string, log: Logger, keepIn: (pairs: Pairs | undefined) => Promise<void>) {
    this.#directory = directory;
    this.#log = log;
    this.#keepIn = keepIn;
  }

  /** Finds the one that an earlier life has left. */
  adopt(): void {
    try {
      this.#holder = DescriptorHolder.adopt(this.#directory);
      if (this.#holder) this.#watch(this.#holder);
    } catch (error) {
      this.#log.warn('could not take over the DNS sockets of the running containers: they are opened anew', {
        error: messageOf(error),
      });
    }
  }

  /** Of the one that there is. */
  get pairs(): Pairs | undefined {
    return this.#holder?.pairs;
  }

  /** There are containers: starts it if need be. */
  async need(): Promise<void> {
    clearTimeout(this.#stopping);
    this.#stopping = undefined;
    this.#changing = this.#changing.then(() => this.#start());
    await this.#changing;
  }

  /** There are none any more. */
  release(): void {
    this.#stopping ??= setTimeout(() => {
      this.#changing = this.#changing.then(() => this.#stop());
    }, LINGER_MS).unref();
  }

  /** Lets go of the process; with `stop` it ends. */
  async close(options: { stop: boolean }): Promise<void> {
    clearTimeout(this.#stopping);
    await this.#changing;
    const holder = this.#holder;
    this.#holder = undefined;
    if (options.stop) await holder?.stop();
    holder?.[Symbol.dispose]();
  }

  async #start(): Promise<void> {
    if (this.#holder) return;
    try {
      const holder = DescriptorHolder.start(this.#directory);
      this.#holder = holder;
      this.#watch(holder);
      await this.#keepIn(holder.pairs);
    } catch (error) {
      this.#log.warn(
        'lookups of names will fail while the engine restarts: no process could be started to keep their sockets',
        {
          error: messageOf(error),
        },
      );
    }
  }

  async #stop(): Promise<void> {
    const holder = this.#holder;
    if (!holder || this.#stopping === undefined) return;
    this.#stopping = undefined;
    this.#holder = undefined;
    await this.#keepIn(undefined);
    await holder.stop();
    holder[Symbol.dispose]();
  }

  #watch(holder: DescriptorHolder): void {
    void holder.ended().then(() => {
      if (this.#holder !== holder) return;
      this.#log.warn('the process that keeps the DNS sockets was killed and is started again', {
        pid: holder.pid,
      });
      this.#changing = this.#changing.then(async () => {
        this.#holder = undefined;
        await this.#start();
        if (!this.#holder) await this.#keepIn(undefined);
        holder[Symbol.dispose]();
      });
    });
  }
}
