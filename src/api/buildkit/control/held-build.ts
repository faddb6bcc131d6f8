import type { BuildResult, SolvedFiles } from '#engine/build';
import { cancelled } from '#lib/errors';

/** A build that stands still once its steps are done: its client decides whether its outputs are written. */
export class HeldBuild {
  readonly solved: Promise<SolvedFiles>;
  readonly #accepted = Promise.withResolvers<void>();
  readonly #done: Promise<BuildResult>;

  /** `start` begins the build; it calls what it is given when the steps are done. */
  constructor(start: (hold: (files: SolvedFiles) => Promise<void>) => Promise<BuildResult>) {
    const solved = Promise.withResolvers<SolvedFiles>();
    this.solved = solved.promise;
    this.#done = start((files) => {
      solved.resolve(files);
      return this.#accepted.promise;
    });
    this.#done.catch(solved.reject);
    // Of what is given up nobody waits for the end but `giveUp`.
    this.#accepted.promise.catch(() => {});
    this.solved.catch(() => {});
  }

  /** Writes the outputs. */
  accept(): Promise<BuildResult> {
    this.#accepted.resolve();
    return this.#done;
  }

  /** Resolves when nothing of it is left. After `accept` it waits for the end. */
  async giveUp(): Promise<void> {
    this.#accepted.reject(cancelled('the build was given up'));
    await this.#done.catch(() => {});
  }
}
