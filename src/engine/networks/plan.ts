import { conflict, forbidden, notFound } from '#lib/errors';
import { bridgeOf, subnetsInUse } from './drivers/index.ts';
import { DEFAULT_POOLS, planPools } from './ipam/index.ts';
import type { CreateNetworkOptions } from './network.ts';
import type { BridgeRecord, NetworkRecord } from './record.ts';
import type { NetworksState } from './state.ts';

/**
 * The record of a network that is asked for: everything that is left to us decided.
 * @throws invalid, conflict, forbidden, notFound
 */
export function planNetwork(
  state: NetworksState,
  identity: Pick<NetworkRecord, 'id' | 'created'>,
  options: CreateNetworkOptions,
): NetworkRecord {
  const { ipv4 = true, ipv6 = false, internal = false } = options;
  const bridge = planBridge(state, identity.id, options);
  return {
    ...identity,
    name: options.name,
    driver: 'bridge',
    scope: 'local',
    internal,
    attachable: options.attachable ?? false,
    ipv4,
    ipv6,
    labels: options.labels,
    options: options.options,
    ...planIpam(state, identity.id, { ...options, ipv4, ipv6 }, bridge),
    configOnly: false,
    configFrom: '',
    bridge,
  };
}

function planIpam(
  state: NetworksState,
  id: string,
  { ipam = {}, ipv4, ipv6 }: CreateNetworkOptions & { ipv4: boolean; ipv6: boolean },
  bridge: BridgeRecord,
): Pick<NetworkRecord, 'ipamDriver' | 'ipamOptions' | 'pools'> {
  const driver = ipam.driver || 'default';
  if (driver !== 'default' && driver !== 'null') throw notFound(`plugin "${driver}" not found`);
  const basics = { ipamDriver: driver, ipamOptions: ipam.options ?? {} };
  if (driver === 'null') return { ...basics, pools: [] };
  const pools = planPools(ipam.pools ?? [], {
    ipv4,
    ipv6,
    gateway: { four: bridge.gatewayMode4 !== 'isolated', six: bridge.gatewayMode6 !== 'isolated' },
    ours: state.networks
      .values()
      .flatMap(({ subnets }) => subnets)
      .toArray(),
    host: () => subnetsInUse(state.route),
    pools: state.options.addressPools ?? DEFAULT_POOLS,
    owner: `${state.options.instance}/${id}`,
  });
  return { ...basics, pools };
}

function planBridge(state: NetworksState, id: string, options: CreateNetworkOptions): BridgeRecord {
  const planned = bridgeOf(options.options, {
    name: `br-${id.slice(0, 12)}`,
    mtu: state.options.mtu,
    internal: options.internal ?? false,
  });
  const owner = state.networks.values().find(({ record }) => record.bridge?.name === planned.name);
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
