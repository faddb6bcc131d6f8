import type { PortExplanation } from '#engine/firewall';
import type { PortBinding, Protocol } from '#engine/ports';
import type { Scope } from '#lib/scope';
import { attach } from './attach.ts';
import { type ChangedPorts, changePorts, type PortChange } from './change-ports.ts';
import { close } from './close.ts';
import { connect } from './connect.ts';
import { hostGateways, setHost } from './container-files.ts';
import { create } from './create.ts';
import { detach } from './detach.ts';
import { disconnect } from './disconnect.ts';
import { sandboxOf } from './endpoint.ts';
import type { HostEntry } from './hosts-file.ts';
import { type KnownContainer, know } from './know.ts';
import type { CreateNetworkOptions, Network, NetworksOptions, PoolUsage } from './network.ts';
import { openState } from './open.ts';
import { portWarnings } from './port-warnings.ts';
import { recover } from './recover.ts';
import { prune, remove } from './remove.ts';
import { rename } from './rename.ts';
import type { AttachOptions, Endpoint, EndpointOptions, InterfaceCounters, Sandbox } from './sandbox.ts';
import { setLinks } from './set-links.ts';
import { endpointsOf, type NetworksState, viewOf } from './state.ts';
import { statistics } from './statistics.ts';

/** The containers that publish a port. */
export interface PortOwners {
  readonly owners: readonly {
    readonly name: string;
    readonly hostIp: string;
    readonly containerPort: number;
  }[];
}

/** The networks of an engine and the sandboxes of its containers. Each verb is in the file of its name. */
export class Networks {
  readonly #state: NetworksState;
  readonly #resources: Scope;

  private constructor(state: NetworksState, resources: Scope) {
    this.#state = state;
    this.#resources = resources;
  }

  /** Brings up bridges and firewall, restores every recorded sandbox. Call `recover` once it is known what runs. */
  static async open(options: NetworksOptions): Promise<Networks> {
    const { state, resources } = await openState(options);
    return new Networks(state, resources);
  }

  list(): Network[] {
    return this.#state.networks
      .values()
      .map(({ record }) => viewOf(record))
      .toArray();
  }

  /** By name, id or unambiguous id prefix. @throws notFound, invalid */
  get(reference: string): Network {
    return viewOf(this.#state.networks.find(reference).record);
  }

  /** What `host-gateway` stands for in extra hosts. */
  hostGateways(): readonly string[] {
    return hostGateways(this.#state);
  }

  /** How full each subnet of a network is. */
  usage(networkId: string): PoolUsage[] {
    return this.#state.networks.get(networkId)?.addresses.usage() ?? [];
  }

  /** @throws invalid, conflict (name), forbidden (predefined, overlap), notFound (driver) */
  create(options: CreateNetworkOptions): Promise<Network> {
    return create(this.#state, options);
  }

  /** @throws notFound, forbidden (predefined, in use) */
  remove(reference: string): Promise<void> {
    return remove(this.#state, reference);
  }

  /** Removes what no running container is on. Returns the names. */
  prune(options: {
    matchesLabels?: (labels: Readonly<Record<string, string>>) => boolean;
    until?: bigint;
  }): Promise<string[]> {
    return prune(this.#state, options);
  }

  /**
   * All or nothing: netns, veth, addresses, published ports, the three files.
   * @throws system with Docker's text (`Bind for 0.0.0.0:80 failed: port is already allocated`), notFound, conflict, invalid
   */
  attach(options: AttachOptions): Promise<Sandbox> {
    return attach(this.#state, options);
  }

  /**
   * Puts a container with a namespace of its own on one more network.
   * @throws notFound, conflict (not running), forbidden (on it already, address in use), invalid, system
   */
  connect(containerId: string, options: EndpointOptions): Promise<Sandbox> {
    return connect(this.#state, containerId, options);
  }

  /** Takes a container off a network. @throws system when it is not on it */
  disconnect(containerId: string, networkId: string): Promise<Sandbox> {
    return disconnect(this.#state, containerId, networkId);
  }

  /**
   * Publishes and withdraws ports of a running container, all or nothing. `alongside` is written in the same
   * transaction as the result.
   * @throws conflict (no such port, no network of its own), system (port in use)
   */
  changePorts(
    containerId: string,
    change: PortChange,
    alongside?: (done: ChangedPorts) => void,
  ): Promise<ChangedPorts> {
    return changePorts(this.#state, containerId, change, alongside);
  }

  /** What is worth saying to whoever publishes these ports. */
  portWarnings(bindings: readonly PortBinding[]): string[] {
    return portWarnings(this.#state, bindings);
  }

  /** Who can reach a port of the host from outside, and which rule of the host decides. */
  async explainPort(port: { protocol: Protocol; port: number }): Promise<PortExplanation & PortOwners> {
    const owners = [...this.#state.sandboxes.values()].flatMap(({ containerName, ports }) =>
      ports
        .filter(({ protocol, hostPort }) => protocol === port.protocol && hostPort === port.port)
        .map(({ hostIp, containerPort }) => ({ name: containerName, hostIp, containerPort })),
    );
    return { ...(await this.#state.firewall.explain(port)), owners };
  }

  /** The names of a container that exists, also while it does not run: nobody outside is asked for them. */
  know(container: KnownContainer): void {
    know(this.#state, container);
  }

  /** A container has another name now, and answers to it. */
  rename(containerId: string, name: string): Promise<void> {
    return rename(this.#state, containerId, name);
  }

  /** Takes back or adds links of a container on a network, `id:alias`. One that is not on it is fine. */
  setLinks(containerId: string, network: string, links: readonly string[]): Promise<void> {
    return setLinks(this.#state, containerId, network, links);
  }

  /** A line of a container's hosts file: the address of another one, by its names. One without a sandbox is fine. */
  async setHost(containerId: string, entry: HostEntry): Promise<void> {
    using _lock = await this.#state.locks.acquire(containerId);
    const record = this.#state.sandboxes.get(containerId);
    if (record) setHost(record, entry);
  }

  /** Undoes attach; missing is fine. Ports are free when it resolves; the kernel drops the rest by itself. */
  detach(containerId: string): Promise<void> {
    return detach(this.#state, containerId);
  }

  sandbox(containerId: string): Sandbox | undefined {
    const record = this.#state.sandboxes.get(containerId);
    return record && sandboxOf(this.#state, record);
  }

  /** Endpoints of a network for inspect: container id -> endpoint. */
  endpoints(networkId: string): ReadonlyMap<string, Endpoint> {
    return endpointsOf(this.#state, networkId);
  }

  /** After a start of the daemon: keeps the sandboxes of `alive`, removes every other netns, port and veth of this instance. */
  recover(alive: ReadonlySet<string>): Promise<void> {
    return recover(this.#state, alive);
  }

  /** rx/tx counters of a sandbox's interfaces by name; none in the networks `host` and `none`. */
  statistics(containerId: string): Promise<Readonly<Record<string, InterfaceCounters>>> {
    return statistics(this.#state, containerId);
  }

  /** Resolves when the pool of ready sandboxes is full. */
  poolSettled(): Promise<void> {
    return this.#state.pool.settled();
  }

  /** Leaves running sandboxes alone; with `teardown` (nothing runs) removes bridge and table. */
  close(options: { teardown?: boolean } = {}): Promise<void> {
    return close(this.#state, this.#resources, { teardown: options.teardown ?? false });
  }
}
