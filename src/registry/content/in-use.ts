/**
 * Which blobs somebody relies on right now, so that the collection leaves them alone. Whoever finds a blob there says
 * so before he looks; the collection asks in the same turn of the loop in which it takes one away.
 */
export class InUse {
  readonly #used = new Map<string, number>();
  readonly #leaving = new Map<string, Promise<void>>();

  /** To be called before looking whether it is there. Resolves when nobody is about to remove it. */
  async use(...digests: readonly string[]): Promise<void> {
    const now = Date.now();
    for (const digest of digests) this.#used.set(digest, now);
    for (const digest of digests) await this.#leaving.get(digest);
  }

  usedSince(digest: string, time: number): boolean {
    return (this.#used.get(digest) ?? 0) >= time;
  }

  /** Removes a blob unless somebody used it since `time`; false when it stays. */
  async remove(digest: string, time: number, remove: () => Promise<void>): Promise<boolean> {
    if (this.usedSince(digest, time)) return false;
    const removal = remove();
    this.#leaving.set(
      digest,
      removal.then(
        () => {},
        () => {},
      ),
    );
    try {
      await removal;
    } finally {
      this.#leaving.delete(digest);
    }
    return true;
  }

  /** Forgets what is older. */
  forget(before: number): void {
    for (const [digest, time] of this.#used) if (time < before) this.#used.delete(digest);
  }
}
