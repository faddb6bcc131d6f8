/** Serialises work per key: two verbs on one container never interleave. Fair, first come first served. */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<void>>();

  /** Waits for the key; dispose the result to let the next one in. */
  async acquire(key: string): Promise<Disposable> {
    const before = this.#tails.get(key);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#tails.set(key, promise);
    await before;
    return {
      [Symbol.dispose]: () => {
        if (this.#tails.get(key) === promise) this.#tails.delete(key);
        resolve();
      },
    };
  }

  isHeld(key: string): boolean {
    return this.#tails.has(key);
  }
}

/** At most `limit` holders at a time. */
export class Semaphore {
  #limit: number;
  #held = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** With a smaller limit those who hold it go on; as many fewer come in after them. */
  resize(limit: number): void {
    this.#limit = limit;
    this.#admit();
  }

  async acquire(): Promise<Disposable> {
    if (this.#held < this.#limit) this.#held++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        this.#held--;
        this.#admit();
      },
    };
  }

  #admit(): void {
    while (this.#held < this.#limit) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#held++;
      next();
    }
  }
}
