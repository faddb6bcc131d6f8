import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, conflict, messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';
import { RouteSocket } from '#linux/netlink';
import { Nftables, watchTable } from '#linux/nftables';
import { elementsOfBridge, type RuledBridge } from './bridge.ts';
import { Contents, type Difference } from './contents.ts';
import { addScript, deleteScript, type Element } from './element.ts';
import { canForwardLoopback6, routeLoopback6 } from './loopback6.ts';
import { scriptOf } from './ruleset.ts';

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
  readonly #bridges = new Map<string, RuledBridge>();
  readonly #contents = new Contents();
  readonly #resources = new DisposableStack();
  #loopback6 = false;
  #written = false;
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

  /** All bridges that there are now; the kernel is told of what is new and what has gone. The first call writes the table. */
  setBridges(bridges: readonly RuledBridge[]): void {
    const former = new Map(this.#bridges);
    this.#bridges.clear();
    for (const bridge of bridges) this.#bridges.set(bridge.name, bridge);
    const gone = [...former.values()].filter(({ name }) => !this.#bridges.has(name));
    const fresh = bridges.filter((bridge) => !isSame(former.get(bridge.name), bridge));
    const changed = fresh.flatMap(({ name }) => former.get(name) ?? []);
    if (!this.#written) this.#loopback6 = canForwardLoopback6();
    if (this.#loopback6) for (const bridge of fresh) this.#routeLoopback6(bridge);
    this.change({
      add: fresh.flatMap(elementsOfBridge),
      remove: [...gone, ...changed].flatMap(elementsOfBridge),
    });
    if (!this.#written) this.rebuild();
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
    if (this.#written) this.rebuild();
    return possible;
  }

  #routeLoopback6({ name, subnets }: RuledBridge): void {
    if (subnets.some((subnet) => subnet.includes(':'))) routeLoopback6(this.#route, name);
  }

  /**
   * Changes what is in the table's sets, in one transaction. Before the table is written for the first time it is
   * only remembered.
   */
  change(change: { add?: readonly Element[]; remove?: readonly Element[] }): void {
    const { added, removed } = this.#contents.change(change);
    if (!this.#written || added.length + removed.length === 0) return;
    const script = [...deleteScript(this.table, removed), ...addScript(this.table, added)];
    try {
      this.#nft.run(script.join('\n'));
    } catch (error) {
      this.#log.debug('an nftables element could not be changed', { error: messageOf(error) });
      this.#afterFailure({ added, removed });
    }
  }

  /**
   * Flushed by somebody a moment ago: what should be there is known, so all of it is put back at once. But what the
   * kernel does not take must not spoil every later transaction.
   */
  #afterFailure({ added, removed }: Difference): void {
    try {
      this.#nft.ownTable(this.table);
      this.#nft.run(this.#script());
    } catch (error) {
      this.#contents.change({ add: removed, remove: added });
      this.rebuild();
      throw error;
    }
  }

  #script(): string {
    return scriptOf(this.table, { elements: this.#contents, loopback6: this.#loopback6 });
  }

  /** Writes the whole table in one transaction, whatever is there. */
  rebuild(): void {
    this.#nft.ownTable(this.table);
    try {
      this.#nft.run(this.#script());
    } catch (error) {
      // A table of an older Berth may have a chain or map of the same name and another type.
      this.#log.warn('the nftables table could not be updated in place and is made anew', {
        error: messageOf(error),
      });
      this.#nft.run(`delete table inet ${this.table}`);
      this.#nft.ownTable(this.table);
      this.#nft.run(this.#script());
    }
    this.#written = true;
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
}

const isSame = (one: RuledBridge | undefined, other: RuledBridge): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

/** Identifiers of nft(8) have letters, digits and a few marks. */
const tableName = (instance: string): string =>
  /^[a-z][a-z0-9_-]{0,30}$/i.test(instance)
    ? instance
    : `berth-${createHash('sha256').update(instance).digest('hex').slice(0, 8)}`;
