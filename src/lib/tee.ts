/** Chunks that one reader may be ahead of the other. */
const LEAD = 4;

/** Reads until it is told to return. */
export type TeeReader<T> = Required<Pick<AsyncIterableIterator<T, void>, 'next' | 'return'>> &
  AsyncIterable<T>;

/**
 * Two readers of one source: each gets every chunk, and neither runs far ahead of the other. When one returns early
 * the other goes on alone; when both have, the source is closed.
 */
export function tee<T>(source: AsyncIterable<T>): [TeeReader<T>, TeeReader<T>] {
  const shared = new Shared(source);
  return [shared.reader(0), shared.reader(1)];
}

class Shared<T> {
  readonly #iterator: AsyncIterator<T>;
  /** Chunks that somebody has not read yet; the first one is the `#dropped`th of all. */
  readonly #chunks: Promise<IteratorResult<T, unknown>>[] = [];
  readonly #read = [0, 0];
  #dropped = 0;
  #moved = Promise.withResolvers<void>();

  constructor(source: AsyncIterable<T>) {
    this.#iterator = source[Symbol.asyncIterator]();
  }

  reader(me: 0 | 1): TeeReader<T> {
    const reader: TeeReader<T> = {
      next: () => this.#next(me),
      return: async () => {
        await this.#leave(me);
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]: () => reader as AsyncIterator<T>,
    };
    return reader;
  }

  async #next(me: 0 | 1): Promise<IteratorResult<T, void>> {
    let at = this.#read[me] ?? 0;
    while (at !== Number.POSITIVE_INFINITY && at - (this.#read[1 - me] ?? 0) >= LEAD) {
      await this.#moved.promise;
      // It may have returned meanwhile.
      at = this.#read[me] ?? 0;
    }
    if (at === Number.POSITIVE_INFINITY) return { done: true, value: undefined };
    const chunk = (this.#chunks[at - this.#dropped] ??= this.#iterator.next());
    this.#advance(me, at + 1);
    const { done, value } = await chunk;
    return done ? { done: true, value: undefined } : { done: false, value };
  }

  async #leave(me: 0 | 1): Promise<void> {
    if (this.#read[me] === Number.POSITIVE_INFINITY) return;
    this.#advance(me, Number.POSITIVE_INFINITY);
    if (this.#read[1 - me] === Number.POSITIVE_INFINITY) await this.#iterator.return?.();
  }

  #advance(reader: 0 | 1, count: number): void {
    this.#read[reader] = count;
    for (
      const both = Math.min(...this.#read);
      this.#dropped < both && this.#chunks.length > 0;
      this.#dropped++
    )
      void this.#chunks.shift();
    this.#moved.resolve();
    this.#moved = Promise.withResolvers();
  }
}
