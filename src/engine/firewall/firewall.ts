import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, conflict, messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';
import { RouteSocket } from '#linux/netlink';
import { Nftables, watchTable } from '#linux/nftables';
import { canForwardLoopback6, routeLoopback6 } from './loopback6.ts';
import { addScript, deleteScript, elementOf, type Forward, type RuledBridge, scriptOf } from './ruleset.ts';

const CLAIM_PATIENCE_MS = 3_000;
const CLAIM_RETRY_MS = 50;

/** The part of libnftables that the firewall uses. */
export interface TableWriter {
  run(script: string): void;
  /** Creates or re-adopts the table; true when nobody else may change it. */
  ownTable(name: string): boolean;
  /** The process that keeps others from the table. */
  tableOwner(name: string): { readonly pid: number; readonly name: string } | undefined;
}

/**
 * Our own nftables table. It remembers what should be in it, so that it can be put back whole
 * at any time; nothing outside the table is ever read or changed.
 */
export class Firewall implements Disposable {
  readonly table: string;
  readonly #nft: TableWriter;
  readonly #route: Pick<RouteSocket, 'send'>;
  readonly #log: Logger;
  readonly #resources = new DisposableStack();
  readonly #bridges = new Map<string, RuledBridge>();
  readonly #forwards = new Map<string, Forward>();
  #loopback6 = false;
  #closed = false;

  constructor(options: {
    table: string;
    nft: TableWriter;
    route: Pick<RouteSocket, 'send'>;
    log: Logger;
  }) {
    this.table = options.table;
    this.#nft = options.nft;
    this.#route = options.route;
    this.#log = options.log;
  }

  /** The table of an instance, taken over; what is in it stays until the first `setBridges`. @throws conflict */
  static async open(options: { instance: string; log: Logger }): Promise<Firewall> {
    using resources = new DisposableStack();
    const route = resources.use(new RouteSocket());
    const nft = resources.use(new Nftables());
    const firewall = new Firewall({ table: tableName(options.instance), nft, route, log: options.log });
    await firewall.claim();
    firewall.#resources.use(resources.move());
    return firewall;
  }

  /** Puts the table back whenever another program has changed it. */
  watch(): void {
    const watch = watchTable(this.table, () => {
      try {
        this.restore();
      } catch (error) {
        const fields = { error: messageOf(error), code: codeOf(error) };
        this.#log.error('the nftables table could not be restored', fields);
      }
    });
    this.#resources.use(watch);
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
        this.#nft.ownTable(this.table);
        return;
      } catch (error) {
        if (codeOf(error) !== 'EPERM') throw error;
        if (performance.now() > deadline) throw this.#owned(error);
      }
      await sleep(CLAIM_RETRY_MS);
    }
  }

  #owned(cause: unknown): Error {
    const owner = this.#nft.tableOwner(this.table);
    const who = owner ? `process ${owner.pid} (${owner.name})` : 'a process that is not visible from here';
    return conflict(
      `the nftables table inet ${this.table} belongs to ${who}: stop that process, or use another --data-root, after which the table is named`,
      cause,
    );
  }

  /** Replaces the bridges and rewrites the table. */
  setBridges(bridges: readonly RuledBridge[]): void {
    this.#bridges.clear();
    for (const bridge of bridges) this.#bridges.set(bridge.name, bridge);
    this.#loopback6 = canForwardLoopback6();
    if (this.#loopback6) for (const bridge of bridges) this.#routeLoopback6(bridge);
    this.rebuild();
  }

  /**
   * Whether the kernel carries [::1] to containers now. Bridge netfilter may be switched on or off by others
   * (loading br_netfilter is enough): the table follows.
   */
  carriesLoopback6(): boolean {
    const possible = canForwardLoopback6();
    if (this.#loopback6 === possible) return possible;
    this.#loopback6 = possible;
    if (possible) for (const bridge of this.#bridges.values()) this.#routeLoopback6(bridge);
    if (this.#bridges.size > 0) this.rebuild();
    return possible;
  }

  #routeLoopback6(bridge: RuledBridge): void {
    if (bridge.subnet6 !== undefined) routeLoopback6(this.#route, bridge.name);
  }

  /** Remembers published ports for the next rebuild, without a transaction of their own. */
  adopt(forwards: readonly Forward[]): void {
    for (const forward of forwards) this.#forwards.set(keyOf(forward), forward);
  }

  add(forwards: readonly Forward[]): void {
    if (forwards.length === 0) return;
    this.adopt(forwards);
    this.#change(addScript(this.table, forwards));
  }

  remove(forwards: readonly Forward[]): void {
    const present = forwards.filter((forward) => this.#forwards.delete(keyOf(forward)));
    if (present.length > 0) this.#change(deleteScript(this.table, present));
  }

  /** Writes the whole table in one transaction, whatever is there. */
  rebuild(): void {
    this.#nft.ownTable(this.table);
    const script = scriptOf(this.table, {
      bridges: [...this.#bridges.values()],
      forwards: [...this.#forwards.values()],
      loopback6: this.#loopback6,
    });
    try {
      this.#nft.run(script);
    } catch (error) {
      // A table of an older Berth may have a chain or map of the same name and another type.
      this.#log.warn('the nftables table could not be updated in place and is made anew', {
        error: messageOf(error),
      });
      this.#nft.run(`delete table inet ${this.table}`);
      this.#nft.ownTable(this.table);
      this.#nft.run(script);
    }
  }

  /** Somebody else deleted something of our table. */
  restore(): void {
    if (this.#closed) return;
    this.rebuild();
    this.#log.warn('the nftables table was changed by another program and has been restored', {
      table: this.table,
    });
  }

  /** Stops restoring. With `teardown` the table goes too. */
  close(options: { teardown: boolean }): void {
    this.#closed = true;
    if (!options.teardown) return;
    // It may have been deleted by somebody: deleting is then of one that was just made.
    this.#nft.ownTable(this.table);
    this.#nft.run(`delete table inet ${this.table}`);
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#resources.dispose();
  }

  #change(script: readonly string[]): void {
    try {
      this.#nft.run(script.join('\n'));
    } catch (error) {
      // Flushed by somebody a moment ago: what should be there is known, so put all of it back at once.
      this.#log.debug('an nftables element could not be changed, rebuilding the table', {
        error: messageOf(error),
      });
      this.rebuild();
    }
  }
}

/** Identifiers of nft(8) have letters, digits and a few marks. */
const tableName = (instance: string): string =>
  /^[a-z][a-z0-9_-]{0,30}$/i.test(instance)
    ? instance
    : `berth-${createHash('sha256').update(instance).digest('hex').slice(0, 8)}`;

const keyOf = (forward: Forward): string => {
  const { map, key } = elementOf(forward);
  return `${map} ${key}`;
};
