import type { DnsClient } from '#engine/dns';
import { messageOf } from '#lib/errors';
import type { Member } from './linked-ports.ts';
import type { SandboxRecord } from './record.ts';
import type { Endpoint } from './sandbox.ts';
import type { NetworksState } from './state.ts';

/**
 * From when this resolves, the others on its networks find a container by its names, and it finds them. Also
 * after a change: of its names, or of its networks, those that it has left taken away before (`withdrawNames`).
 * @throws SystemError
 */
export async function publishNames(state: NetworksState, record: SandboxRecord): Promise<void> {
  const client = clientOf(state, record);
  if (!client) return;
  await Promise.all([
    ...placesOf(record).flatMap((endpoint) => announceName(state, record, endpoint)),
    state.dns.serve(client),
  ]);
}

/** Nobody finds a container on a network any more. */
export async function withdrawNames(
  state: NetworksState,
  { containerId }: SandboxRecord,
  endpoints: readonly Endpoint[],
): Promise<void> {
  for (const { networkId } of endpoints) state.linkedPorts.remove(networkId, containerId);
  await Promise.all(endpoints.map(({ networkId }) => state.dns.removeEndpoint(networkId, containerId)));
}

/** The same for a sandbox that an earlier life of the engine has left; it must not keep the engine from starting. */
export async function adoptNames(state: NetworksState, record: SandboxRecord): Promise<void> {
  try {
    await publishNames(state, record);
  } catch (error) {
    const fields = { container: record.containerId, error: messageOf(error) };
    state.options.log.warn('a container cannot look up names any more', fields);
  }
}

/** Where a container can be reached. */
const placesOf = ({ endpoints }: SandboxRecord): Endpoint[] =>
  endpoints.filter((endpoint) => endpoint.interface !== '' && !endpoint.pending);

function announceName(state: NetworksState, record: SandboxRecord, endpoint: Endpoint): Promise<void>[] {
  const network = state.networks.get(endpoint.networkId)?.record;
  // What is left of an abandoned one is the namespace: the container itself is gone.
  if (!network || record.abandoned) return [];
  const { id, name, pools, bridge } = network;
  if (bridge && !bridge.icc) state.linkedPorts.put({ id, bridge: bridge.name }, memberOf(record, endpoint));
  return [
    state.dns.putNetwork({ id, name, subnets: pools.map(({ subnet }) => subnet) }),
    state.dns.putEndpoint({
      networkId: id,
      containerId: record.containerId,
      names: endpoint.dnsNames,
      addresses: [endpoint.address, endpoint.address6 ?? ''].filter((address) => address !== ''),
      ports: portsOf(record),
    }),
  ];
}

const memberOf = (record: SandboxRecord, { address, dnsNames, links }: Endpoint): Member => ({
  containerId: record.containerId,
  names: dnsNames.map((name) => name.toLowerCase()),
  address,
  ports: portsOf(record),
  targets: Object.values(linksOf(links)),
});

const portsOf = ({ bindings, exposedPorts = [] }: SandboxRecord): string[] => [
  ...new Set([
    ...exposedPorts,
    ...bindings.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`),
  ]),
];

/** Undefined for a container that has no resolver: on no network when it started, or in a namespace that is not its own. */
function clientOf(state: NetworksState, record: SandboxRecord): DnsClient | undefined {
  const { sandboxId, netns, resolver } = record;
  if (record.mode !== 'private' || netns === undefined || !resolver) return undefined;
  const places = placesOf(record);
  return {
    sandboxId,
    netns,
    networks: places.map(({ networkId, links }) => ({ id: networkId, links: linksOf(links) })),
    servers: resolver.servers ?? 'host',
    external: places.some(({ networkId }) => state.networks.get(networkId)?.record.internal === false),
    ipv6: places.some(({ address6 }) => address6 !== undefined),
    ndots: resolver.ndots,
  };
}

/** `container:alias`, or the name alone. */
const linksOf = (links: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    links.map((link) => {
      const [target = '', alias = target] = link.split(':', 2);
      return [alias, target];
    }),
  );
