import type { Firewall } from '#engine/firewall';
import type { Ports } from '#engine/ports';
import type { KeyedLock } from '#lib/lock';
import type { NamespaceWorker } from '#linux/namespaces';
import type { RouteSocket } from '#linux/netlink';
import type { Records } from '#store';
import type { BridgeNetwork } from './bridge-network.ts';
import type { Network, NetworksOptions } from './network.ts';
import type { SandboxPool } from './pool.ts';
import type { NetworkRecord, SandboxRecord } from './record.ts';
import type { Endpoint } from './sandbox.ts';

/** A network that exists: what is stored and, for a bridge network, who has which address. */
export interface KnownNetwork {
  record: NetworkRecord;
  readonly bridge?: BridgeNetwork;
}

/** Everything the verbs of this folder share. */
export interface NetworksState {
  readonly options: NetworksOptions;
  readonly worker: NamespaceWorker;
  readonly route: RouteSocket;
  readonly firewall: Firewall;
  readonly ports: Ports;
  readonly pool: SandboxPool;
  /** Whether this host speaks IPv6. */
  readonly ipv6: boolean;
  /** By id. */
  readonly networks: Map<string, KnownNetwork>;
  readonly networkRecords: Records<NetworkRecord>;
  /** By container id; an abandoned one by its sandbox id. */
  readonly sandboxes: Map<string, SandboxRecord>;
  readonly sandboxRecords: Records<SandboxRecord>;
  /** By container id. */
  readonly locks: KeyedLock;
}

export function viewOf(record: NetworkRecord): Network {
  const { bridge } = record;
  const ipam = bridge ? [{ subnet: bridge.subnet, gateway: bridge.gateway }] : [];
  if (bridge?.subnet6 !== undefined && bridge.gateway6 !== undefined) {
    ipam.push({ subnet: bridge.subnet6, gateway: bridge.gateway6 });
  }
  return {
    id: record.id,
    name: record.name,
    driver: record.driver,
    scope: 'local',
    created: record.created,
    internal: record.internal,
    attachable: record.attachable,
    ipv6: bridge?.subnet6 !== undefined,
    ipam,
    options: record.options,
    labels: record.labels,
  };
}

/** The default network's bridge; none with `--bridge=none`. */
export const defaultNetwork = (state: Pick<NetworksState, 'networks'>): KnownNetwork | undefined =>
  state.networks.values().find(({ record }) => record.name === 'bridge');

/** Endpoints of a network by container id. */
export function endpointsOf(state: NetworksState, networkId: string): Map<string, Endpoint> {
  const endpoints = new Map<string, Endpoint>();
  for (const record of state.sandboxes.values()) {
    if (record.abandoned || record.mode === 'container') continue;
    const endpoint = record.endpoints.find((candidate) => candidate.networkId === networkId);
    if (endpoint) endpoints.set(record.containerId, endpoint);
  }
  return endpoints;
}

/** Tells the firewall which bridges there are: it rewrites its table. */
export function applyBridges(state: Pick<NetworksState, 'networks' | 'firewall'>): void {
  const ruled = [...state.networks.values()].flatMap(({ record }) => {
    if (!record.bridge) return [];
    const { name, subnet, subnet6, masquerade } = record.bridge;
    const subnets = subnet6 === undefined ? [subnet] : [subnet, subnet6];
    return [{ name, subnets, internal: record.internal, masquerade }];
  });
  state.firewall.setBridges(ruled);
}
