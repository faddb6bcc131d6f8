import type { Dns } from '#engine/dns';
import type { Firewall, RuledBridge } from '#engine/firewall';
import type { Ports } from '#engine/ports';
import type { KeyedLock } from '#lib/lock';
import type { NamespaceWorker } from '#linux/namespaces';
import type { RouteSocket } from '#linux/netlink';
import type { Records } from '#store';
import type { HostSubnets } from './host-subnets.ts';
import type { Leaving } from './leaving.ts';
import type { LinkedPorts } from './linked-ports.ts';
import type { NamespacePool } from './namespace-pool.ts';
import type { Network, NetworksOptions } from './network.ts';
import type { KnownNetwork, NetworkTable } from './network-table.ts';
import type { NetworkRecord } from './record.ts';
import type { Endpoint } from './sandbox.ts';
import type { SandboxTable } from './sandbox-table.ts';

/** Everything the verbs of this folder share. */
export interface NetworksState {
  readonly options: NetworksOptions;
  readonly worker: NamespaceWorker;
  readonly route: RouteSocket;
  readonly hostSubnets: HostSubnets;
  readonly firewall: Firewall;
  readonly dns: Dns;
  readonly ports: Ports;
  readonly linkedPorts: LinkedPorts;
  readonly pool: NamespacePool;
  /** Whether this host speaks IPv6. */
  readonly ipv6: boolean;
  readonly networks: NetworkTable;
  readonly networkRecords: Records<NetworkRecord>;
  readonly leaving: Leaving;
  readonly sandboxes: SandboxTable;
  /** By container id. */
  readonly locks: KeyedLock;
}

export const viewOf = (record: NetworkRecord): Network => ({
  id: record.id,
  name: record.name,
  driver: record.driver,
  scope: record.scope,
  created: record.created,
  internal: record.internal,
  attachable: record.attachable,
  ipv4: record.ipv4,
  ipv6: record.ipv6,
  ipam: {
    driver: record.ipamDriver,
    ...(record.ipamOptions === undefined ? {} : { options: record.ipamOptions }),
    pools: record.pools.map(({ subnet, ipRange, gateway, auxAddresses }) => ({
      subnet,
      ...(ipRange === undefined ? {} : { ipRange }),
      ...(gateway === undefined ? {} : { gateway }),
      ...(auxAddresses === undefined ? {} : { auxAddresses }),
    })),
  },
  options: record.options,
  labels: record.labels,
  configOnly: record.configOnly,
  configFrom: record.configFrom,
});

/** The default network's bridge; none with `--bridge=none`. */
export const defaultNetwork = (state: Pick<NetworksState, 'networks'>): KnownNetwork | undefined =>
  state.networks.named('bridge');

/** Addresses of the host on a network's bridge. */
export const gatewaysOf = (record: NetworkRecord | undefined): string[] =>
  (record?.pools ?? []).flatMap(({ gateway }) => gateway ?? []);

/** Endpoints of a network by container id. */
export function endpointsOf(state: NetworksState, networkId: string): Map<string, Endpoint> {
  const endpoints = new Map<string, Endpoint>();
  for (const record of state.sandboxes.on(networkId)) {
    if (record.abandoned) continue;
    const endpoint = record.endpoints.find((candidate) => candidate.networkId === networkId);
    if (endpoint && !endpoint.pending) endpoints.set(record.containerId, endpoint);
  }
  return endpoints;
}

/** What the firewall needs to know of a network's bridge. */
function ruled({ bridge, pools, internal }: NetworkRecord): RuledBridge[] {
  if (!bridge) return [];
  const { name, masquerade, icc, gatewayMode4, gatewayMode6, hostIp4, hostIp6, trustedInterfaces } = bridge;
  return [
    {
      name,
      subnets: pools.map(({ subnet }) => subnet),
      internal,
      masquerade,
      icc,
      gatewayMode4,
      gatewayMode6,
      ...(hostIp4 === undefined ? {} : { hostIp4 }),
      ...(hostIp6 === undefined ? {} : { hostIp6 }),
      trustedInterfaces,
    },
  ];
}

/** Tells the firewall which bridges there are. */
export const applyBridges = ({ firewall, networks }: Pick<NetworksState, 'networks' | 'firewall'>): void =>
  firewall.setBridges(
    networks
      .values()
      .flatMap(({ record }) => ruled(record))
      .toArray(),
  );

/** And of one more. */
export function addBridge({ firewall }: Pick<NetworksState, 'firewall'>, record: NetworkRecord): void {
  for (const bridge of ruled(record)) firewall.addBridge(bridge);
}
