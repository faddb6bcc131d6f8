import { conflict, forbidden, invalid, isKind, unavailable } from '#lib/errors';
import { newId } from '#lib/ids';
import { now } from '#lib/time';
import { settingsOf, withConfigFrom } from './config-network.ts';
import { PREDEFINED } from './default-networks.ts';
import { destroyNetwork, ensureNetwork, truth } from './drivers/index.ts';
import { hostTurn } from './host-turn.ts';
import { NetworkAddresses } from './ipam/index.ts';
import type { CreateNetworkOptions, Network } from './network.ts';
import type { KnownNetwork } from './network-table.ts';
import { planNetwork } from './plan.ts';
import type { NetworkRecord } from './record.ts';
import { addBridge, type NetworksState, viewOf } from './state.ts';
import { parseCidr } from './subnet.ts';

const NO_SWARM =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';

/**
 * Makes a network, or stores the configuration of networks to come.
 * @throws invalid (name, option, subnet), conflict (name taken), forbidden (predefined, overlapping subnet),
 * notFound (driver), unsupported (the kernel has no such links)
 */
export async function create(state: NetworksState, options: CreateNetworkOptions): Promise<Network> {
  await state.leaving.cleared(options.options['com.docker.network.bridge.name']);
  using _turn = await hostTurn();
  checkName(state, options.name);
  checkScope(options);
  const identity = { id: newId(), created: now() };
  const record = options.configOnly
    ? settingsOf(identity, options)
    : planNetwork(state, identity, withFamilies(withDefaults(state, withConfigFrom(state, options))));
  // The record comes first: a bridge that is there without one would stay for ever after a crash.
  store(state, record);
  const known = openNetwork(state, record);
  state.networks.add(known);
  try {
    known.bridgeIndex = ensureNetwork(state, record);
    addBridge(state, record);
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
  if (record.configOnly) {
    return { record, addresses: new NetworkAddresses({ ...record, pools: [] }, () => {}), subnets: [] };
  }
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

function checkScope({ scope = '', driver }: CreateNetworkOptions): void {
  if (scope === 'swarm' || driver === 'overlay') throw unavailable(NO_SWARM);
  if (!['', 'local', 'global'].includes(scope)) {
    throw invalid(`invalid network scope ${scope}: use local, global or swarm`);
  }
  if (driver === 'host' || driver === 'null') {
    throw forbidden(`only one instance of "${driver}" network is allowed`);
  }
}

/** What the engine's settings say of networks of that driver, where the request says nothing. */
function withDefaults({ options }: NetworksState, asked: CreateNetworkOptions): CreateNetworkOptions {
  const driver = ['', 'default'].includes(asked.driver) ? 'bridge' : asked.driver;
  return { ...asked, driver, options: { ...options.networkOptions?.[driver], ...asked.options } };
}

/** @throws invalid */
function withFamilies(
  asked: CreateNetworkOptions,
): CreateNetworkOptions & { readonly ipv4: boolean; readonly ipv6: boolean } {
  const ipv4 = asked.ipv4 ?? truth(asked.options, 'com.docker.network.enable_ipv4', true);
  const ipv6 = asked.ipv6 ?? truth(asked.options, 'com.docker.network.enable_ipv6', false);
  if (!ipv4 && !ipv6) throw invalid('IPv4 or IPv6 must be enabled');
  return { ...asked, ipv4, ipv6 };
}
