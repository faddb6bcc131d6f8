import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, conflict, messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';
import { encodeChange, parseSetType, type Step } from '#linux/nftables';
import { Contents, type Difference } from './contents.ts';
import { addScript, deleteScript, type Element } from './element.ts';
import { PLAIN, type RuleSwitches, scriptOf, typesOf } from './ruleset.ts';

const CLAIM_PATIENCE_MS = 3_000;
const CLAIM_RETRY_MS = 50;

/** The part of libnftables that the table uses. */
export interface TableWriter {
  run(script: string): void;
  /** Sends messages as one transaction. */
  send(steps: readonly Step[]): void;
  /** Creates or re-adopts the table; true when nobody else may change it. */
  ownTable(name: string): boolean;
  /** The process that keeps others from the table. */
  tableOwner(name: string): { readonly pid: number; readonly name: string } | undefined;
}

/**
 * Our own nftables table. It remembers what should be in it, so that it can be put back whole
 * at any time; nothing outside the table is ever read or changed.
 */
export class Table {
  readonly name: string;
  readonly #nft: TableWriter;
  readonly #log: Logger;
  readonly #contents = new Contents();
  #switches = PLAIN;
  /** Until then what should be in it is only remembered. */
  #written = false;

  constructor(options: { name: string; nft: TableWriter; log: Logger }) {
    this.name = options.name;
    this.#nft = options.nft;
    this.#log = options.log;
  }

  /**
   * Takes the table over, with its content, from an engine that has ended. One that was killed a moment ago may
   * still be closing its descriptors.
   * @throws conflict naming the process that owns the table and does not end
   */
  async claim(patience = CLAIM_PATIENCE_MS): Promise<void> {
    const deadline = performance.now() + patience;
    for (;;) {
      try {
        this.#nft.ownTable(this.name);
        return;
      } catch (error) {
        if (codeOf(error) !== 'EPERM') throw error;
        if (performance.now() > deadline) throw this.#owned(error);
      }
      await sleep(CLAIM_RETRY_MS);
    }
  }

  #owned(cause: unknown): Error {
    const owner = this.#nft.tableOwner(this.name);
    const who = owner ? `process ${owner.pid} (${owner.name})` : 'a process that is not visible from here';
    return conflict(
      `the nftables table inet ${this.name} belongs to ${who}: stop that process, or use another --data-root, after which the table is named`,
      cause,
    );
  }

  get switches(): RuleSwitches {
    return this.#switches;
  }

  /** Changes which rules there are, and what is in the sets, in one transaction. */
  set(
    switches: Partial<RuleSwitches>,
    change: { add?: readonly Element[]; remove?: readonly Element[] } = {},
  ): void {
    const before = this.#switches;
    const after = { ...before, ...switches };
    if (JSON.stringify(before) === JSON.stringify(after)) {
      this.change(change);
      return;
    }
    const difference = this.#contents.change(change);
    this.#switches = after;
    if (!this.#written) return;
    try {
      this.#write();
    } catch (error) {
      this.#switches = before;
      this.#undo(difference);
      throw error;
    }
  }

  /** Changes what is in the sets, in one transaction. */
  change(change: { add?: readonly Element[]; remove?: readonly Element[] }): void {
    const difference = this.#contents.change(change);
    if (!this.#written || difference.added.length + difference.removed.length === 0) return;
    try {
      this.#apply(difference);
    } catch (error) {
      this.#log.debug('an nftables element could not be changed', { error: messageOf(error) });
      this.#afterFailure(difference);
    }
  }

  #apply(difference: Difference): void {
    const types = typesOf(this.#switches);
    const steps = encodeChange(this.name, difference, (set) => parseSetType(types[set] ?? ''));
    if (steps) return this.#nft.send(steps);
    const { added, removed } = difference;
    this.#nft.run([...deleteScript(this.name, removed), ...addScript(this.name, added)].join('\n'));
  }

  /**
   * Flushed by somebody a moment ago: what should be there is known, so all of it is put back at once. But what the
   * kernel does not take must not spoil every later transaction.
   */
  #afterFailure(difference: Difference): void {
    try {
      this.#write();
    } catch (error) {
      this.#undo(difference);
      throw error;
    }
  }

  #undo({ added, removed }: Difference): void {
    this.#contents.change({ add: removed, remove: added });
    this.rebuild();
  }

  /** All of it or nothing. */
  #write(): void {
    this.#nft.ownTable(this.name);
    this.#nft.run(scriptOf(this.name, this.#switches, this.#contents));
  }

  /** Writes the whole table in one transaction, whatever is there. */
  rebuild(): void {
    try {
      this.#write();
    } catch (error) {
      // A table of an older Berth may have a chain or map of the same name and another type.
      this.#log.warn('the nftables table could not be updated in place and is made anew', {
        error: messageOf(error),
      });
      this.#nft.run(`delete table inet ${this.name}`);
      this.#write();
    }
    this.#written = true;
  }

  delete(): void {
    // It may have been deleted by somebody: deleting is then of one that was just made.
    this.#nft.ownTable(this.name);
    this.#nft.run(`delete table inet ${this.name}`);
    this.#written = false;
  }
}
