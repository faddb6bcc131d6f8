import { type GuardedSpawner, openGuardedSpawner, type Spawner } from '#linux/process';

/** The spawner of containers in a user namespace, made when the first of them is. */
export class Guarded implements AsyncDisposable {
  readonly #usual: Spawner;
  #spawner: Promise<GuardedSpawner> | undefined;

  constructor(usual: Spawner) {
    this.#usual = usual;
  }

  /** @throws unsupported */
  async get(): Promise<GuardedSpawner> {
    const opening = this.#spawner ?? openGuardedSpawner(this.#usual);
    this.#spawner = opening;
    try {
      return await opening;
    } catch (error) {
      // The next one to ask tries again.
      this.#spawner = undefined;
      throw error;
    }
  }

  /** Where a copy of a mount shows in another mount namespace than the usual spawner's. */
  async unmountCopy(path: string): Promise<void> {
    const spawner = await this.#spawner?.catch(() => undefined);
    if (spawner !== this.#usual) await spawner?.unmountCopy(path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const spawner = await this.#spawner?.catch(() => undefined);
    if (spawner !== this.#usual) await spawner?.[Symbol.asyncDispose]();
  }
}
