import { forbidden, invalid } from '#lib/errors';
import { newId, shortId } from '#lib/ids';
import { bandwidthOf } from './bandwidth.ts';
import { hasOwnMac, routesByInterface, vethName } from './drivers/index.ts';
import { checkMac, macOf } from './mac.ts';
import type { KnownNetwork } from './network-table.ts';
import type { NetworkRecord, SandboxRecord } from './record.ts';
import type { Bandwidth, Endpoint, EndpointOptions, Lease, Sandbox } from './sandbox.ts';
import type { NetworksState } from './state.ts';

type Addresses = Pick<Lease, 'address' | 'address6'>;

const IFNAME_OPTION = 'com.docker.network.endpoint.ifname';
const PREFIX_OPTION = 'com.docker.network.container_iface_prefix';

/** Whose endpoint it is. */
export type EndpointOwner = Pick<SandboxRecord, 'sandboxId' | 'containerId' | 'containerName' | 'hostname'>;

/**
 * A new endpoint on a network, its addresses taken. `siblings`: those that the sandbox has already.
 * @throws invalid, forbidden (address in use), system (none is left)
 */
export function leaseEndpoint(
  owner: EndpointOwner,
  known: KnownNetwork,
  options: EndpointOptions,
  siblings: readonly Endpoint[],
): Endpoint {
  const { record } = known;
  if (record.driver === 'null' && !record.configOnly) return endpointOf(owner, record, options);
  if (record.configOnly) {
    throw forbidden(`cannot create endpoint on configuration-only network ${record.name}`);
  }
  const name = interfaceName(record, options, siblings);
  const mac = macFor(record, options);
  const bandwidth = bandwidthFor(record, options);
  const asked = {
    ...(options.address === undefined ? {} : { address: options.address }),
    ...(options.address6 === undefined ? {} : { address6: options.address6 }),
  };
  const addresses = known.addresses.lease(asked);
  const endpoint = endpointOf(owner, record, options, { ...addresses, mac: mac(addresses) });
  return {
    ...endpoint,
    interface: name,
    bandwidth,
    ...(record.bridge ? { hostInterface: vethName(endpoint.endpointId) } : {}),
    ...(record.parent && !record.internal && routesByInterface(record.parent)
      ? { routesByInterface: true }
      : {}),
  };
}

/** @throws invalid */
function bandwidthFor({ bridge, driver }: NetworkRecord, options: EndpointOptions): Bandwidth {
  const bandwidth = bandwidthOf(options.driverOptions ?? {});
  if (bandwidth.in !== undefined && !bridge) {
    throw invalid(`bandwidth-in needs a bridge network: a ${driver} link has no end on the host`);
  }
  return bandwidth;
}

/** The asked one, or one that follows from the address. @throws invalid */
function macFor({ parent }: NetworkRecord, { mac }: EndpointOptions): (addresses: Addresses) => string {
  if (parent && !hasOwnMac(parent)) {
    if (mac !== undefined) throw invalid('ipvlan links have the MAC address of their parent');
    return () => '';
  }
  const asked = mac === undefined ? undefined : checkMac(mac);
  return (addresses) => asked ?? macOf(addresses);
}

/** Gives an endpoint's addresses back. */
export function releaseEndpoint({ networks }: Pick<NetworksState, 'networks'>, endpoint: Endpoint): void {
  if (endpoint.interface !== '') networks.get(endpoint.networkId)?.addresses.release(endpoint);
}

/** An endpoint by name only: of the networks `host` and `none`. */
export function endpointOf(
  owner: EndpointOwner,
  network: NetworkRecord,
  options: EndpointOptions,
  lease: Lease = { address: '', prefix: 0, gateway: '', mac: '' },
): Endpoint {
  const aliases = options.aliases ?? [];
  return {
    networkId: network.id,
    networkName: network.name,
    endpointId: newId(),
    sandboxId: owner.sandboxId,
    ...lease,
    aliases,
    links: options.links ?? [],
    dnsNames: dnsNames(owner, aliases),
    interface: '',
    linkLocal: options.linkLocal ?? [],
    driverOptions: options.driverOptions ?? {},
    gatewayPriority: options.gatewayPriority ?? 0,
    bandwidth: {},
  };
}

/** The first gives the name of the address. */
export const dnsNames = (
  owner: Pick<EndpointOwner, 'containerId' | 'containerName' | 'hostname'>,
  aliases: readonly string[],
): string[] =>
  [...new Set([owner.containerName, ...aliases, shortId(owner.containerId), owner.hostname])].filter(Boolean);

/** The one that was asked for, or the network's prefix (`eth`) with the lowest number that is free. */
function interfaceName(
  { options }: NetworkRecord,
  { driverOptions = {} }: EndpointOptions,
  siblings: readonly Endpoint[],
): string {
  const taken = new Set(siblings.map((sibling) => sibling.interface));
  const asked = driverOptions[IFNAME_OPTION];
  if (asked !== undefined) {
    if (!/^[^\s/:%]{1,15}$/.test(asked) || asked === '.' || asked === '..' || asked === 'lo') {
      throw invalid(`invalid interface name ${JSON.stringify(asked)}`);
    }
    if (taken.has(asked)) throw invalid(`the container has an interface ${asked} already`);
    return asked;
  }
  const prefix = options[PREFIX_OPTION] || 'eth';
  for (let number = 0; ; number++) if (!taken.has(`${prefix}${number}`)) return `${prefix}${number}`;
}

export const addressesOf = ({
  address,
  address6,
}: Pick<Endpoint, 'address' | 'address6'>): { address: string; address6?: string } => ({
  address,
  ...(address6 === undefined ? {} : { address6 }),
});

/** A container that joined another's namespace shows that one's file, but no endpoints and ports of its own. */
export function sandboxOf(state: NetworksState, record: SandboxRecord): Sandbox {
  const owner = record.joins === undefined ? undefined : state.sandboxes.owner(record.joins);
  return {
    id: record.sandboxId,
    netns: record.netns ?? owner?.netns,
    endpoints: record.endpoints.filter(({ pending }) => !pending),
    ports: record.ports,
  };
}

/** Publishes the network event of an endpoint. */
export function announce(
  state: NetworksState,
  action: 'connect' | 'disconnect',
  { containerId }: SandboxRecord,
  { networkId, networkName }: Endpoint,
): void {
  const type = state.networks.get(networkId)?.record.driver ?? 'bridge';
  state.options.events.publish('network', action, networkId, {
    container: containerId,
    name: networkName,
    type,
  });
}

/** Publishes that of each; a container that joined another's is on no network itself. */
export function announceAll(
  state: NetworksState,
  action: 'connect' | 'disconnect',
  record: SandboxRecord,
): void {
  for (const endpoint of record.endpoints) {
    if (!endpoint.pending) announce(state, action, record, endpoint);
  }
}
