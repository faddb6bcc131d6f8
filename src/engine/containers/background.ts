import { messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';

/** Work that goes on after its caller has its answer. What fails is logged and left to the next sweep. */
export class Background {
  readonly #log: Logger;
  readonly #tasks = new Set<Promise<void>>();

  constructor(log: Logger) {
    this.#log = log;
  }

  run(what: string, container: string, work: () => Promise<void>): void {
    const task = work()
      .catch((error: unknown) => this.#log.warn(`cannot ${what}`, { container, error: messageOf(error) }))
      .finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
  }

  /** Work that has a caller, but has to be over before the engine closes. */
  follow<T>(work: Promise<T>): Promise<T> {
    const task = work.then(
      () => {},
      () => {},
    );
    this.#tasks.add(task);
    task.finally(() => this.#tasks.delete(task)).catch(() => {});
    return work;
  }

  /** Waits until nothing is left to do. */
  async settled(): Promise<void> {
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
  }
}
