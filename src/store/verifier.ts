import { IdleThread } from '#lib/idle-thread';
import { algorithmOf, hexOf, parseDigest } from '#oci/digest';
import type { HashedRange, VerifyJobs } from './verify-thread.ts';

/** Compares what lies on disk with the digest that it has to have, in a thread. */
export class Verifier implements AsyncDisposable {
  readonly #thread = new IdleThread<VerifyJobs>(new URL('./verify-thread.ts', import.meta.url));

  /** False too when it cannot be read. */
  async matches(digest: string, range: HashedRange): Promise<boolean> {
    const expected = parseDigest(digest);
    try {
      return (await this.#thread.call('hash', algorithmOf(expected), range)) === hexOf(expected);
    } catch {
      return false;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread[Symbol.asyncDispose]();
  }
}
