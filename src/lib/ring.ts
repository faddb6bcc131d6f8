import { cancelled } from '#lib/errors';

const SLOTS = 8;
const SLOT_BYTES = 512 * 1024;
/** Int32 words before the slots' lengths. */
const SEQUENCE = 0;
const ABORTED = 1;
const LENGTHS = 2;

const EMPTY = 0;
const END = -1;

/** Shared memory of one ring: hand it to both threads. */
export interface RingMemory {
  readonly control: SharedArrayBuffer;
  readonly data: SharedArrayBuffer;
}

export const newRing = (): RingMemory => ({
  control: new SharedArrayBuffer((LENGTHS + SLOTS) * 4),
  data: new SharedArrayBuffer(SLOTS * SLOT_BYTES),
});

/** Makes both sides throw `cancelled` at their next step. From any thread. */
export function abortRing({ control }: RingMemory): void {
  const words = new Int32Array(control);
  Atomics.store(words, ABORTED, 1);
  advance(words);
}

/**
 * Bytes from one thread to another through shared memory, with back-pressure and without an event loop on
 * the reader's side: a thread that has chrooted itself must not return to one in the middle of its work.
 */
class RingEnd {
  protected readonly words: Int32Array;
  readonly #data: SharedArrayBuffer;
  protected index = 0;

  constructor({ control, data }: RingMemory) {
    this.words = new Int32Array(control);
    this.#data = data;
  }

  protected get slot(): Buffer {
    return Buffer.from(this.#data, this.index * SLOT_BYTES, SLOT_BYTES);
  }

  /** Blocks the thread until the current slot is (`full`) or is not filled; its length then. */
  protected await(full: boolean): number {
    for (;;) {
      // Read before the condition: a change in between makes the wait return at once.
      const sequence = Atomics.load(this.words, SEQUENCE);
      if (Atomics.load(this.words, ABORTED) !== 0) throw cancelled();
      const length = Atomics.load(this.words, LENGTHS + this.index);
      if ((length !== EMPTY) === full) return length;
      Atomics.wait(this.words, SEQUENCE, sequence);
    }
  }

  /** Sets the current slot's length and steps to the next one. */
  protected pass(length: number): void {
    Atomics.store(this.words, LENGTHS + this.index, length);
    advance(this.words);
    this.index = (this.index + 1) % SLOTS;
  }
}

export class RingWriter extends RingEnd {
  /** A free slot to write into; blocks until there is one. @throws cancelled */
  next(): Buffer {
    this.await(false);
    return this.slot;
  }

  /** Hands over the first `length` bytes of the slot that `next` gave. */
  publish(length: number): void {
    if (length > 0) this.pass(length);
  }

  /** Copies a chunk of any size. @throws cancelled */
  write(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; at += SLOT_BYTES) {
      const part = chunk.subarray(at, at + SLOT_BYTES);
      this.next().set(part);
      this.publish(part.length);
    }
  }

  end(): void {
    this.await(false);
    this.pass(END);
  }
}

export class RingReader extends RingEnd {
  /** Blocks for each chunk, which is valid until the next one is asked for. @throws cancelled */
  *chunks(): Generator<Buffer, void> {
    for (;;) {
      const length = this.await(true);
      if (length === END) return;
      yield this.slot.subarray(0, length);
      this.pass(EMPTY);
    }
  }
}

function advance(words: Int32Array): void {
  Atomics.add(words, SEQUENCE, 1);
  Atomics.notify(words, SEQUENCE);
}
