type Undo = () => void | Promise<void>;

/**
 * Rolls back half-done work. Each step registers how to undo itself; unless
 * `keep()` is called, leaving the block undoes them in reverse order.
 *
 * ```ts
 * await using scope = new Scope();
 * mount(target); scope.defer(() => umount(target));
 * scope.keep();
 * ```
 */
export class Scope implements AsyncDisposable {
  #undo: Undo[] = [];

  defer(undo: Undo): void {
    this.#undo.push(undo);
  }

  /** The work stands: nothing is undone. */
  keep(): void {
    this.#undo = [];
  }

  /** Undoes every step even when one of them fails; failures are thrown together at the end. */
  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (let undo = this.#undo.pop(); undo; undo = this.#undo.pop()) {
      try {
        await undo();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, 'several steps could not be rolled back');
  }
}
