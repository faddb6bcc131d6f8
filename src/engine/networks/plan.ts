import { conflict, forbidden, notFound } from '#lib/errors';
import { bridgeOf, planParent, routesByInterface } from './drivers/index.ts';
import { DEFAULT_POOLS, planPools } from './ipam/index.ts';
import type { CreateNetworkOptions } from './network.ts';
import type { BridgeRecord, NetworkRecord, ParentRecord } from './record.ts';
import type { NetworksState } from './state.ts';

type Identity = Pick<NetworkRecord, 'id' | 'created'>;
type Families = { readonly ipv4: boolean; readonly ipv6: boolean };

/**
 * The record of a network that is asked for: everything that is left to us decided.
 * @throws invalid, conflict, forbidden, notFound, unsupported
 */
export function planNetwork(
  state: NetworksState,
  identity: Identity,
  asked: CreateNetworkOptions & Families,
): NetworkRecord {
  const device = planDevice(state, identity.id, asked);
  return {
    ...identity,
    name: asked.name,
    scope: asked.scope || 'local',
    internal: asked.internal ?? false,
    attachable: asked.attachable ?? false,
    ipv4: asked.ipv4,
    ipv6: asked.ipv6,
    labels: asked.labels,
    options: asked.options,
    ...planIpam(state, identity.id, asked, device),
    configOnly: false,
    configFrom: asked.configFrom ?? '',
    ...device,
  };
}

type Device = Pick<NetworkRecord, 'driver'> & {
  readonly bridge?: BridgeRecord;
  readonly parent?: ParentRecord;
};

function planDevice(state: NetworksState, id: string, options: CreateNetworkOptions): Device {
  const { driver } = options;
  if (driver === 'bridge') return { driver, bridge: planBridge(state, id, options) };
  if (driver !== 'macvlan' && driver !== 'ipvlan') {
    throw notFound(`could not find plugin ${driver} in v1 plugin registry: plugin "${driver}" not found`);
  }
  const parent = planParent(state.route, driver, options.options, id);
  const rival = state.networks
    .values()
    .find(({ record }) => record.parent?.name === parent.name && isAlone(record.parent, parent));
  if (rival) {
    throw forbidden(`network ${rival.record.name} is already using parent interface ${parent.name}`);
  }
  return { driver, parent };
}

/** In passthru mode the parent has a single link; macvlan and ipvlan cannot share it at all. */
const isAlone = (one: ParentRecord, other: ParentRecord): boolean =>
  one.mode === 'passthru' ||
  other.mode === 'passthru' ||
  (one.flag === undefined) !== (other.flag === undefined);

function planIpam(
  state: NetworksState,
  id: string,
  { ipam = {}, ipv4, ipv6, internal = false }: CreateNetworkOptions & Families,
  { bridge, parent }: Device,
): Pick<NetworkRecord, 'ipamDriver' | 'ipamOptions' | 'pools'> {
  const driver = ipam.driver || 'default';
  if (driver !== 'default' && driver !== 'null') throw notFound(`plugin "${driver}" not found`);
  const basics = { ipamDriver: driver, ...(ipam.options === undefined ? {} : { ipamOptions: ipam.options }) };
  if (driver === 'null') return { ...basics, pools: [] };
  const without = parent && (internal || routesByInterface(parent));
  const context = {
    ipv4,
    ipv6,
    gateway: {
      four: !without && bridge?.gatewayMode4 !== 'isolated',
      six: !without && bridge?.gatewayMode6 !== 'isolated',
    },
    ours: state.networks.blocks,
    host: () => state.hostSubnets.inUse(() => ourBridges(state)),
    pools: state.options.addressPools ?? DEFAULT_POOLS,
    owner: `${state.options.instance}/${id}`,
  };
  const pools = planPools(ipam.pools ?? [], context);
  const isLost = pools.some(({ subnet, configured }) => !configured && state.hostSubnets.hasLost(subnet));
  return { ...basics, pools: isLost ? planPools(ipam.pools ?? [], context) : pools };
}

/** By interface index. What they have is known, and much where there are many networks. */
const ourBridges = ({ networks }: NetworksState): Set<number> =>
  new Set(networks.values().flatMap(({ bridgeIndex }) => (bridgeIndex === undefined ? [] : [bridgeIndex])));

function planBridge(state: NetworksState, id: string, options: CreateNetworkOptions): BridgeRecord {
  const planned = bridgeOf(options.options, {
    name: `br-${id.slice(0, 12)}`,
    mtu: state.options.mtu,
    internal: options.internal ?? false,
  });
  const owner = state.networks.withBridge(planned.name);
  if (owner) {
    throw forbidden(
      `cannot create network ${id} (${planned.name}): conflicts with network ${owner.record.id} (${planned.name}): networks have same bridge name`,
    );
  }
  const present = state.route.link(planned.name);
  if (present && present.kind !== 'bridge') {
    throw conflict(`cannot use ${planned.name} as a bridge: an interface of that name is there and is none`);
  }
  // One that the administrator has made stays when the network goes.
  return { ...planned, ours: !present };
}
