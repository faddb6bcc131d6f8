import { conflict, forbidden, invalid, notFound, unsupported } from '#lib/errors';
import { newId } from '#lib/ids';
import { now } from '#lib/time';
import { checkInterfaceName, ensureBridge, subnetsInUse } from './bridge.ts';
import { BridgeNetwork } from './bridge-network.ts';
import { PREDEFINED } from './default-networks.ts';
import type { CreateNetworkOptions, Network } from './network.ts';
import type { BridgeRecord, NetworkRecord } from './record.ts';
import { destroyBridge } from './remove.ts';
import { applyBridges, type NetworksState, viewOf } from './state.ts';
import {
  addressAt,
  contains,
  formatSubnet,
  normalizeAddress,
  overlaps,
  parseCidr,
  type Subnet,
  sizeOf,
} from './subnet.ts';
import { chooseSubnet, uniqueLocalSubnet } from './subnet-choice.ts';

/**
 * Makes a user-defined bridge network.
 * @throws invalid (name, subnet), conflict (name taken), forbidden (predefined, overlapping subnet), notFound (driver)
 */
export async function create(state: NetworksState, options: CreateNetworkOptions): Promise<Network> {
  checkName(state, options.name);
  checkDriver(options.driver);
  const id = newId();
  const bridge = planBridge(state, id, options);
  const record: NetworkRecord = {
    id,
    name: options.name,
    driver: 'bridge',
    created: now(),
    internal: options.internal ?? false,
    attachable: options.attachable ?? false,
    labels: options.labels,
    options: options.options,
    bridge,
  };
  // The record comes first: a bridge that is there without one would stay for ever after a crash.
  state.options.database.transaction(() => {
    state.networkRecords.put(id, record);
    state.options.events.publish('network', 'create', id, { name: record.name, type: record.driver });
  });
  state.networks.set(id, { record, bridge: openBridgeNetwork(state, record, bridge) });
  try {
    ensureBridge(state.route, bridge, state.options.log);
    applyBridges(state);
  } catch (error) {
    state.networks.delete(id);
    state.networkRecords.delete(id);
    await destroyBridge(state, bridge);
    throw error;
  }
  return viewOf(record);
}

/** The running part of a stored network. */
export function openBridgeNetwork(
  state: Pick<NetworksState, 'networkRecords' | 'networks'>,
  record: NetworkRecord,
  bridge: BridgeRecord,
): BridgeNetwork {
  return new BridgeNetwork(record, bridge, (cursor) => {
    const known = state.networks.get(record.id);
    if (!known) return;
    known.record = { ...known.record, cursor };
    state.networkRecords.put(record.id, known.record);
  });
}

function checkName(state: NetworksState, name: string): void {
  if (name.trim() === '') throw invalid('invalid name: name is empty');
  if (name !== name.trim() || /[\p{Cc}/]/u.test(name)) {
    throw invalid(
      `invalid name ${JSON.stringify(name)}: it may not begin or end with a space, nor contain "/"`,
    );
  }
  if (PREDEFINED.has(name) || name === 'default' || name.startsWith('container:')) {
    throw forbidden(`operation is not permitted on predefined ${name} network`);
  }
  // By the records: one that is being removed keeps its name until it is gone.
  if (state.networkRecords.all().some(({ record }) => record.name === name)) {
    throw conflict(`network with name ${name} already exists`);
  }
}

function checkDriver(driver: string): void {
  if (driver === 'host' || driver === 'null')
    throw forbidden(`only one instance of "${driver}" network is allowed`);
  if (driver !== 'bridge' && driver !== '' && driver !== 'default') {
    throw notFound(`could not find plugin ${driver} in v1 plugin registry: plugin "${driver}" not found`);
  }
}

function planBridge(state: NetworksState, id: string, options: CreateNetworkOptions): BridgeRecord {
  const given = options.options;
  if (given['com.docker.network.bridge.enable_icc'] === 'false') {
    throw unsupported(
      'com.docker.network.bridge.enable_icc=false is not supported: use networks of their own instead',
    );
  }
  const name = checkInterfaceName(given['com.docker.network.bridge.name'] ?? `br-${id.slice(0, 12)}`);
  if (state.route.link(name)) throw conflict(`an interface ${name} is there already`);
  const { subnet, gateway } = planSubnet(state, options);
  const subnet6 = uniqueLocalSubnet(`${state.options.instance}/${id}`);
  const mtu = mtuOf(given['com.docker.network.driver.mtu']) ?? state.options.mtu;
  return {
    name,
    ours: true,
    subnet: formatSubnet(subnet),
    gateway,
    ...(state.ipv6 ? { subnet6: formatSubnet(subnet6), gateway6: addressAt(subnet6, 1n) } : {}),
    ...(mtu === undefined ? {} : { mtu }),
    masquerade: given['com.docker.network.bridge.enable_ip_masquerade'] !== 'false',
  };
}

function mtuOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const mtu = Number(text);
  // 68 is the least that IPv4 works with (RFC 791).
  if (!Number.isInteger(mtu) || mtu < 68 || mtu > 65535) throw invalid(`invalid MTU: ${text}`);
  return mtu;
}

function planSubnet(
  state: NetworksState,
  options: CreateNetworkOptions,
): { subnet: Subnet; gateway: string } {
  const ours = [...state.networks.values()].flatMap(({ record }) =>
    record.bridge ? [parseCidr(record.bridge.subnet).subnet] : [],
  );
  if (options.subnet === undefined) {
    if (options.gateway !== undefined) throw invalid('a gateway needs a subnet: give one with --subnet');
    const subnet = chooseSubnet([...ours, ...subnetsInUse(state.route)]);
    return { subnet, gateway: addressAt(subnet, 1n) };
  }
  const { subnet } = parseCidr(options.subnet);
  if (subnet.family !== 4) throw invalid(`invalid subnet ${options.subnet}: an IPv4 subnet is needed`);
  if (sizeOf(subnet) < 4n) throw invalid(`invalid subnet ${options.subnet}: it has no room for containers`);
  if (ours.some((other) => overlaps(other, subnet))) {
    throw forbidden('invalid pool request: Pool overlaps with other one on this address space');
  }
  const gateway = options.gateway === undefined ? addressAt(subnet, 1n) : normalizeAddress(options.gateway);
  if (!contains(subnet, gateway)) throw invalid(`no matching subnet for gateway ${gateway}`);
  return { subnet, gateway };
}
