import { EventEmitter, once } from 'node:events';
import type { Status } from '../build-trace.ts';

/** Bytes that steps printed which are kept for whoever looks later. */
const MOST_OUTPUT = 4 * 2 ** 20;

/** What a build told, for however many look, whenever they come. Of a long output the end is kept. */
export class StatusLog {
  /** Undefined: output that was dropped. */
  readonly #told: (Status | undefined)[] = [];
  readonly #more = new EventEmitter().setMaxListeners(0);
  #output = 0;
  /** What was not looked at for being dropped. */
  #oldest = 0;
  #ended = false;

  readonly write = (status: Status): void => {
    this.#told.push(status);
    this.#output += outputOf(status);
    for (; this.#output > MOST_OUTPUT; this.#oldest++) {
      const bytes = outputOf(this.#told[this.#oldest]);
      if (bytes === 0) continue;
      this.#told[this.#oldest] = undefined;
      this.#output -= bytes;
    }
    this.#more.emit('more');
  };

  end(): void {
    this.#ended = true;
    this.#more.emit('more');
  }

  async *read(signal: AbortSignal): AsyncGenerator<Status> {
    for (let at = 0; ; ) {
      for (; at < this.#told.length; at++) {
        const status = this.#told[at];
        if (status) yield status;
      }
      if (this.#ended || signal.aborted) return;
      await once(this.#more, 'more', { signal }).catch(() => {});
    }
  }
}

const outputOf = (status: Status | undefined): number =>
  (status?.logs ?? []).reduce((sum, { msg }) => sum + (msg?.length ?? 0), 0);
