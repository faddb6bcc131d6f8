import { once } from 'node:events';
import type { Writable } from 'node:stream';

const FLUSH_SIZE = 64 * 1024;

/**
 * Writes many small pieces cheaply: what arrives within one turn of the event loop leaves as one write.
 * Awaiting `write` is back-pressure. When the reader has gone everything is dropped in silence.
 */
export class Sink {
  readonly #target: Writable;
  readonly #signal: AbortSignal;
  #pending: Uint8Array[] = [];
  #size = 0;
  #scheduled = false;

  constructor(target: Writable, signal: AbortSignal) {
    this.#target = target;
    this.#signal = signal;
  }

  async write(...pieces: readonly Uint8Array[]): Promise<void> {
    for (const piece of pieces) {
      this.#pending.push(piece);
      this.#size += piece.length;
    }
    if (this.#size >= FLUSH_SIZE) this.#flush();
    else this.#schedule();
    if (this.#target.writableNeedDrain) await this.#drained();
  }

  end(): void {
    this.#flush();
    if (!this.#target.destroyed) this.#target.end();
  }

  /** Cuts the connection in the middle, so that the reader knows that the answer is not whole. */
  abort(): void {
    this.#pending = [];
    this.#target.destroy();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#size === 0) return;
    const [only, ...others] = this.#pending;
    const bytes = only && others.length === 0 ? only : Buffer.concat(this.#pending, this.#size);
    this.#pending = [];
    this.#size = 0;
    if (this.#target.writable) this.#target.write(bytes);
  }

  async #drained(): Promise<void> {
    try {
      await once(this.#target, 'drain', { signal: this.#signal });
    } catch (error) {
      // The reader has gone: its exchange's signal ends the work, nobody waits for these bytes.
      if (!this.#signal.aborted && this.#target.writable) throw error;
    }
  }
}
