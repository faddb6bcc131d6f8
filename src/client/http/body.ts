import { ConnectionError } from '../errors.ts';

/** Bytes held for a slow reader before the socket is paused. */
const HIGH_WATER = 256 * 1024;

export interface BodySource {
  pause(): void;
  resume(): void;
  /** The reader gave up: the connection cannot be used again. */
  abandon(): void;
}

/** The body of a response. Read it once: iterate, `text()`, `json()`, or `discard()`. A slow reader slows the daemon down. */
export class Body implements AsyncIterable<Buffer> {
  readonly #source: BodySource;
  #chunks: Buffer[] = [];
  #held = 0;
  #paused = false;
  #ended = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(source: BodySource) {
    this.#source = source;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    if (this.#held > HIGH_WATER && !this.#paused) {
      this.#paused = true;
      this.#source.pause();
    }
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  fail(error: Error): void {
    if (this.#ended) return;
    this.#failure = error;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void> {
    try {
      for (;;) {
        const chunks = this.#take();
        if (chunks.length > 0) yield* chunks;
        else if (this.#failure) throw this.#failure;
        else if (this.#ended) return;
        else await this.#more();
      }
    } finally {
      if (!this.#ended) this.#source.abandon();
    }
  }

  /** The whole body. */
  async bytes(limit = Number.POSITIVE_INFINITY): Promise<Buffer> {
    const parts: Buffer[] = [];
    let size = 0;
    for await (const chunk of this) {
      parts.push(chunk);
      size += chunk.length;
      if (size > limit) throw new ConnectionError('the daemon’s answer is too long');
    }
    return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
  }

  async text(): Promise<string> {
    return (await this.bytes()).toString();
  }

  /** Reads to the end and forgets, so that the connection can be used again. */
  async discard(): Promise<void> {
    for await (const _ of this);
  }

  /** Stops reading; closes the connection unless the body was complete. */
  cancel(): void {
    if (!this.#ended) this.#source.abandon();
  }

  #take(): Buffer[] {
    const chunks = this.#chunks;
    if (chunks.length === 0) return chunks;
    this.#chunks = [];
    this.#held = 0;
    if (this.#paused) {
      this.#paused = false;
      this.#source.resume();
    }
    return chunks;
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        resolve();
      };
    });
  }
}
