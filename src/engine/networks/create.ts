import { conflict, forbidden, invalid, isKind, notFound } from '#lib/errors';
import { newId } from '#lib/ids';
import { now } from '#lib/time';
import { PREDEFINED } from './default-networks.ts';
import { destroyNetwork, ensureNetwork } from './drivers/index.ts';
import { NetworkAddresses } from './ipam/index.ts';
import type { CreateNetworkOptions, Network } from './network.ts';
import type { KnownNetwork } from './network-table.ts';
import { planNetwork } from './plan.ts';
import type { NetworkRecord } from './record.ts';
import { applyBridges, type NetworksState, viewOf } from './state.ts';
import { parseCidr } from './subnet.ts';

/**
 * Makes a network.
 * @throws invalid (name, option, subnet), conflict (name taken), forbidden (predefined, overlapping subnet), notFound (driver)
 */
export async function create(state: NetworksState, options: CreateNetworkOptions): Promise<Network> {
  checkName(state, options.name);
  checkDriver(options.driver);
  const record = planNetwork(state, { id: newId(), created: now() }, options);
  // The record comes first: a bridge that is there without one would stay for ever after a crash.
  store(state, record);
  const known = openNetwork(state, record);
  state.networks.add(known);
  try {
    ensureNetwork(state, record);
    if (record.bridge) applyBridges(state);
  } catch (error) {
    state.networks.delete(known);
    state.networkRecords.delete(record.id);
    await destroyNetwork(state, record);
    throw error;
  }
  return viewOf(record);
}

function store({ options, networkRecords }: NetworksState, record: NetworkRecord): void {
  try {
    options.database.transaction(() => {
      networkRecords.put(record.id, record);
      options.events.publish('network', 'create', record.id, { name: record.name, type: record.driver });
    });
  } catch (error) {
    // One of that name is being removed: it is out of sight, and its record goes last.
    if (isKind(error, 'conflict')) throw conflict(`network with name ${record.name} already exists`, error);
    throw error;
  }
}

/** The running part of a stored network. */
export function openNetwork(
  state: Pick<NetworksState, 'networkRecords' | 'networks'>,
  record: NetworkRecord,
): KnownNetwork {
  const addresses = new NetworkAddresses(record, (cursors) => {
    const known = state.networks.get(record.id);
    if (!known) return;
    const pools = known.record.pools.map((pool) => {
      const cursor = cursors.get(pool.subnet);
      return cursor === undefined ? pool : { ...pool, cursor };
    });
    known.record = { ...known.record, pools };
    state.networkRecords.put(record.id, known.record);
  });
  return { record, addresses, subnets: record.pools.map(({ subnet }) => parseCidr(subnet).subnet) };
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
  if (state.networks.named(name)) throw conflict(`network with name ${name} already exists`);
}

function checkDriver(driver: string): void {
  if (driver === 'host' || driver === 'null')
    throw forbidden(`only one instance of "${driver}" network is allowed`);
  if (driver !== 'bridge' && driver !== '' && driver !== 'default') {
    throw notFound(`could not find plugin ${driver} in v1 plugin registry: plugin "${driver}" not found`);
  }
}
