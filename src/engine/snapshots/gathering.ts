import { setTimeout as sleep } from 'node:timers/promises';

/** Brings together what is asked for within a short time, so that it is done together. */
export class Gathering {
  readonly #ms: number;
  #next: Promise<void> | undefined;

  constructor(ms: number) {
    this.#ms = ms;
  }

  /** Resolves for all who joined within the time since the first of them. */
  join(): Promise<void> {
    this.#next ??= sleep(this.#ms).then(() => {
      this.#next = undefined;
    });
    return this.#next;
  }
}
