import { invalid } from '#lib/errors';
import { newId, shortId } from '#lib/ids';
import { bandwidthOf } from './bandwidth.ts';
import { vethName } from './drivers/index.ts';
import { checkMac, macOf } from './mac.ts';
import type { KnownNetwork } from './network-table.ts';
import type { NetworkRecord, SandboxRecord } from './record.ts';
import type { Endpoint, EndpointOptions, Lease, Sandbox } from './sandbox.ts';
import type { NetworksState } from './state.ts';

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
  const name = interfaceName(record, options, siblings);
  const mac = options.mac === undefined ? undefined : checkMac(options.mac);
  const bandwidth = bandwidthOf(options.driverOptions ?? {});
  const asked = {
    ...(options.address === undefined ? {} : { address: options.address }),
    ...(options.address6 === undefined ? {} : { address6: options.address6 }),
  };
  const addresses = known.addresses.lease(asked);
  const endpoint = endpointOf(owner, record, options, { ...addresses, mac: mac ?? macOf(addresses) });
  return {
    ...endpoint,
    interface: name,
    bandwidth,
    ...(record.bridge ? { hostInterface: vethName(endpoint.endpointId) } : {}),
  };
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
export const dnsNames = (owner: EndpointOwner, aliases: readonly string[]): string[] =>
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
