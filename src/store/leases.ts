/** Holds digests for as long as somebody works on them, so that garbage collection leaves them alone. */
export interface Lease extends Disposable {
  add(digest: string): void;
  readonly digests: ReadonlySet<string>;
}

/**
 * Who works on what right now. In memory only: work does not outlive the process, and what it
 * left behind is garbage at the next start.
 */
export class Leases {
  readonly #open = new Set<ReadonlySet<string>>();

  open(): Lease {
    const digests = new Set<string>();
    this.#open.add(digests);
    return {
      digests,
      add: (digest) => void digests.add(digest),
      [Symbol.dispose]: () => void this.#open.delete(digests),
    };
  }

  holds(digest: string): boolean {
    for (const digests of this.#open) if (digests.has(digest)) return true;
    return false;
  }
}
