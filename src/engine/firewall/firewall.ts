import { createHash } from 'node:crypto';
import { codeOf, messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';
import { RouteSocket, watchAddresses } from '#linux/netlink';
import { type ChangedTables, Nftables, watchRuleset } from '#linux/nftables';
import { type Admission, elementsOfAdmission, groupCount, letsIn } from './admission.ts';
import { elementsOfBridge, leavingPrefixes, type RuledBridge } from './bridge.ts';
import type { Element } from './element.ts';
import type { ExplainOptions, HostExplanation } from './host/explain.ts';
import { readHost } from './host/host.ts';
import { HostFirewall } from './host/host-firewall.ts';
import { isOurInterface, isOurTable } from './host/ours.ts';
import { watchUnannounced } from './host/unannounced.ts';
import { canForwardLoopback6, routeLoopback6 } from './loopback6.ts';
import { Refresh } from './refresh.ts';
import type { RuleSwitches } from './ruleset.ts';
import { Table } from './table.ts';

/**
 * Who reaches published ports from other hosts: those that the host's firewall would let in at the same port
 * (`host-firewall`), everybody (`open`), or what the administrator's own rules for forwarded packets say (`manual`).
 */
export type PublishPolicy = 'host-firewall' | 'open' | 'manual';

export interface FirewallOptions {
  /** Names the table. */
  readonly instance: string;
  /** Default `host-firewall`. */
  readonly publishPolicy?: PublishPolicy;
  readonly log: Logger;
}

export interface PortExplanation extends HostExplanation {
  readonly policy: PublishPolicy;
}

/** What our networks and ports need of the kernel's packet filter, in a table of our own. */
export class Firewall implements AsyncDisposable {
  readonly #table: Table;
  readonly #route: RouteSocket;
  readonly #log: Logger;
  readonly #policy: PublishPolicy;
  readonly #host: HostFirewall;
  readonly #bridges = new Map<string, RuledBridge>();
  readonly #resources: AsyncDisposableStack;
  readonly #refresh: Refresh;
  #admission: Admission | undefined;
  /** Of the host's interfaces and addresses when it was last asked. */
  #asked = '';
  #closed = false;

  private constructor(
    options: FirewallOptions,
    own: { table: Table; route: RouteSocket; resources: AsyncDisposableStack },
  ) {
    this.#table = own.table;
    this.#route = own.route;
    this.#resources = own.resources;
    this.#log = options.log;
    this.#policy = options.publishPolicy ?? 'host-firewall';
    this.#host = this.#resources.use(new HostFirewall(options.log));
    this.#refresh = this.#resources.use(new Refresh(() => this.#followHost(), options.log));
  }

  /** The table of an instance, taken over; what is in it stays until `start`. @throws conflict */
  static async open(options: FirewallOptions): Promise<Firewall> {
    await using resources = new AsyncDisposableStack();
    const route = resources.use(new RouteSocket());
    const nft = resources.use(new Nftables());
    const table = new Table({ name: tableName(options.instance), nft, log: options.log });
    await table.claim();
    return new Firewall(options, { table, route, resources: resources.move() });
  }

  get table(): string {
    return this.#table.name;
  }

  /**
   * Writes the table, once it is known which bridges and ports there are, and keeps it as it should be from then on:
   * put back when another program has changed it, and following the host's own rules.
   */
  async start(): Promise<void> {
    this.#resources.use(watchRuleset((tables) => this.#onChange(tables)));
    if (this.#policy !== 'manual') this.#watchHost();
    await this.#followHost();
    this.#table.rebuild();
  }

  /** What the kernel does not announce as a change of rules, and yet makes another answer of them. */
  #watchHost(): void {
    this.#resources.use(watchUnannounced(() => this.#refresh.request()));
    const compare = async () => {
      if (this.#admission && this.#interfaces() !== this.#asked) this.#refresh.request();
    };
    const interfaces = this.#resources.use(new Refresh(compare, this.#log));
    this.#resources.use(watchAddresses(() => interfaces.request()));
  }

  #interfaces(): string {
    return JSON.stringify(
      readHost(isOurInterface({ table: this.table, interfaces: [...this.#bridges.keys()] })),
    );
  }

  #onChange(tables: ChangedTables | undefined): void {
    if (this.#closed) return;
    if (!tables || tables.deleted.has(this.table)) this.#restore();
    const isOurs = isOurTable(this);
    if (!tables || [...tables.changed].some((name) => !isOurs(name))) this.#refresh.request();
  }

  /** Somebody else deleted something of our table. */
  #restore(): void {
    try {
      this.#table.rebuild();
      this.#log.warn('the nftables table was changed by another program and has been restored', {
        table: this.table,
      });
    } catch (error) {
      const fields = { error: messageOf(error), code: codeOf(error) };
      this.#log.error('the nftables table could not be restored', fields);
    }
  }

  async #followHost(): Promise<void> {
    // One that was asked for before: it would put back what the end has taken out of the host's chains.
    if (this.#closed) return;
    this.#asked = this.#policy === 'host-firewall' ? this.#interfaces() : '';
    const { admission, forward } = await this.#host.evaluate({
      ours: { table: this.table, interfaces: [...this.#bridges.keys()] },
      admission: this.#policy === 'host-firewall',
      forward: this.#policy !== 'manual',
    });
    if (this.#closed) return;
    const marks = forward.chains.length > 0;
    const before = this.#admission;
    this.#admission = admission;
    this.#table.set(
      { marks, admitted: admission ? groupCount(admission) : 0 },
      {
        add: admission ? elementsOfAdmission(admission) : [],
        remove: before ? elementsOfAdmission(before) : [],
      },
    );
  }

  /** All bridges that there are now; the kernel is told of what is new and what has gone. */
  setBridges(bridges: readonly RuledBridge[]): void {
    const former = new Map(this.#bridges);
    this.#bridges.clear();
    for (const bridge of bridges) this.#bridges.set(bridge.name, bridge);
    const gone = [...former.values()].filter(({ name }) => !this.#bridges.has(name));
    const fresh = bridges.filter((bridge) => !isSame(former.get(bridge.name), bridge));
    const changed = fresh.flatMap(({ name }) => former.get(name) ?? []);
    const loopback6 = canForwardLoopback6();
    if (loopback6) for (const bridge of fresh) this.#routeLoopback6(bridge);
    this.#table.set(
      { loopback6, ...this.#leaving(bridges) },
      { add: fresh.flatMap(elementsOfBridge), remove: [...gone, ...changed].flatMap(elementsOfBridge) },
    );
  }

  /** One more bridge, or one that has changed, without a look at all the others. */
  addBridge(bridge: RuledBridge): void {
    const former = this.#bridges.get(bridge.name);
    this.#bridges.set(bridge.name, bridge);
    if (this.carriesLoopback6()) this.#routeLoopback6(bridge);
    this.#table.set(this.#leaving([bridge]), {
      add: elementsOfBridge(bridge),
      remove: former ? elementsOfBridge(former) : [],
    });
  }

  /** Rules are made when the first subnet of a length comes, and stay. */
  #leaving(bridges: readonly RuledBridge[]): Pick<RuleSwitches, 'leaving4' | 'leaving6'> {
    const { leaving4, leaving6 } = this.#table.switches;
    const together = (present: readonly number[], family: 4 | 6) =>
      [...new Set([...present, ...bridges.flatMap((bridge) => leavingPrefixes(bridge, family))])].toSorted(
        (a, b) => b - a,
      );
    return { leaving4: together(leaving4, 4), leaving6: together(leaving6, 6) };
  }

  removeBridge(name: string): void {
    const former = this.#bridges.get(name);
    this.#bridges.delete(name);
    if (former) this.change({ remove: elementsOfBridge(former) });
  }

  /**
   * Whether the kernel carries [::1] to containers now. Bridge netfilter may be switched on or off by others
   * (loading br_netfilter is enough): the table follows.
   */
  carriesLoopback6(): boolean {
    const loopback6 = canForwardLoopback6();
    if (this.#table.switches.loopback6 === loopback6) return loopback6;
    if (loopback6) for (const bridge of this.#bridges.values()) this.#routeLoopback6(bridge);
    this.#table.set({ loopback6 });
    return loopback6;
  }

  #routeLoopback6({ name, subnets }: RuledBridge): void {
    if (subnets.some((subnet) => subnet.includes(':'))) routeLoopback6(this.#route, name);
  }

  /** Changes what is in the table's sets, in one transaction. */
  change(change: { add?: readonly Element[]; remove?: readonly Element[] }): void {
    this.#table.change(change);
  }

  /** Whether the host's firewall lets nobody in to a port from outside, as far as it was asked. */
  isClosed(port: Pick<ExplainOptions, 'protocol' | 'port'>): boolean {
    return this.#admission !== undefined && !letsIn(this.#admission, port);
  }

  /** What the host's own rules say of a port, and whether they count. */
  async explain(port: Pick<ExplainOptions, 'protocol' | 'port'>): Promise<PortExplanation> {
    const ours = { table: this.table, interfaces: [...this.#bridges.keys()] };
    return { policy: this.#policy, ...(await this.#host.explain({ ours, ...port })) };
  }

  /** Stops restoring. With `teardown` the table goes too, and what was put into chains of the host. */
  async close(options: { teardown: boolean }): Promise<void> {
    this.#closed = true;
    if (!options.teardown) return;
    this.#table.delete();
    await this.#refresh.settled();
    const ours = { table: this.table, interfaces: [...this.#bridges.keys()] };
    await this.#host.evaluate({ ours, admission: false, forward: false });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#resources.disposeAsync();
  }
}

const isSame = (one: RuledBridge | undefined, other: RuledBridge): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

/** Identifiers of nft(8) have letters, digits and a few marks. */
const tableName = (instance: string): string =>
  /^[a-z][a-z0-9_-]{0,30}$/i.test(instance)
    ? instance
    : `berth-${createHash('sha256').update(instance).digest('hex').slice(0, 8)}`;
