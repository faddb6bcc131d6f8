import type { ContainerRecord, EndpointSpec } from '#engine/containers';
import type { Endpoint, Sandbox } from '#engine/networks';
import { shortId } from '#lib/ids';
import type { EndpointResource, NetworkSettings, Port } from '#protocol';

/** Name -> id of the networks that exist. */
export type NetworkIds = ReadonlyMap<string, string>;

export function networkSettings(
  record: ContainerRecord,
  sandbox: Sandbox | undefined,
  ids: NetworkIds,
  options: { readonly legacy: boolean; readonly ownAliases?: boolean },
): NetworkSettings {
  const resources = endpointResources(record, sandbox, ids);
  const networks = options.ownAliases ? withOwnAliases(resources, record) : resources;
  return {
    ...(options.legacy && { Bridge: '' }),
    SandboxID: sandbox?.id ?? '',
    SandboxKey: sandbox?.netns ?? '',
    Ports: sandbox ? portMap(record, sandbox) : {},
    ...(options.legacy && legacyFields(networks['bridge'])),
    Networks: networks,
  };
}

/** Before 1.45 aliases were told together with the names that every container has on a network of its users. */
function withOwnAliases(
  networks: Record<string, EndpointResource>,
  { id, config }: ContainerRecord,
): Record<string, EndpointResource> {
  const own = [shortId(id), config.hostname].filter(Boolean);
  return Object.fromEntries(
    Object.entries(networks).map(([name, endpoint]) => {
      if (['bridge', 'host', 'none', 'default'].includes(name)) return [name, endpoint];
      return [name, { ...endpoint, Aliases: [...new Set([...(endpoint.Aliases ?? []), ...own])] }];
    }),
  );
}

/** Before 1.52 the endpoint of the default network was told a second time. */
function legacyFields(bridge: EndpointResource | undefined): Partial<NetworkSettings> {
  return {
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: bridge?.EndpointID ?? '',
    Gateway: bridge?.Gateway ?? '',
    GlobalIPv6Address: bridge?.GlobalIPv6Address ?? '',
    GlobalIPv6PrefixLen: bridge?.GlobalIPv6PrefixLen ?? 0,
    IPAddress: bridge?.IPAddress ?? '',
    IPPrefixLen: bridge?.IPPrefixLen ?? 0,
    IPv6Gateway: bridge?.IPv6Gateway ?? '',
    MacAddress: bridge?.MacAddress ?? '',
  };
}

/** A stopped container keeps its networks, without addresses. One that shares another's network has none. */
export function endpointResources(
  record: ContainerRecord,
  sandbox: Sandbox | undefined,
  ids: NetworkIds,
): Record<string, EndpointResource> {
  if (record.hostConfig.networkMode.startsWith('container:')) return {};
  const live = new Map((sandbox?.endpoints ?? []).map((endpoint) => [endpoint.networkName, endpoint]));
  return Object.fromEntries(
    record.endpoints.map((spec) => [
      spec.network,
      endpointResource(spec, live.get(spec.network), ids.get(spec.network) ?? ''),
    ]),
  );
}

function endpointResource(
  spec: EndpointSpec,
  live: Endpoint | undefined,
  networkId: string,
): EndpointResource {
  return {
    IPAMConfig: ipamConfig(spec),
    Links: spec.links?.length ? spec.links : null,
    Aliases: spec.aliases?.length ? spec.aliases : null,
    MacAddress: live?.mac ?? spec.mac ?? '',
    DriverOpts: Object.keys(spec.driverOptions ?? {}).length > 0 ? (spec.driverOptions ?? null) : null,
    GwPriority: spec.gatewayPriority ?? 0,
    NetworkID: live?.networkId ?? networkId,
    EndpointID: live?.endpointId ?? '',
    Gateway: live?.gateway ?? '',
    IPAddress: live?.address ?? '',
    IPPrefixLen: live?.prefix ?? 0,
    IPv6Gateway: live?.gateway6 ?? '',
    GlobalIPv6Address: live?.address6 ?? '',
    GlobalIPv6PrefixLen: live?.prefix6 ?? 0,
    DNSNames: live && live.dnsNames.length > 0 ? live.dnsNames : null,
  };
}

function ipamConfig({ address, address6, linkLocal = [] }: EndpointSpec): EndpointResource['IPAMConfig'] {
  if (!address && !address6 && linkLocal.length === 0) return null;
  return {
    ...(address && { IPv4Address: address }),
    ...(address6 && { IPv6Address: address6 }),
    ...(linkLocal.length > 0 && { LinkLocalIPs: linkLocal }),
  };
}

/** Exposed and bound ports: `80/tcp`. */
function knownPorts(record: ContainerRecord): Set<string> {
  const bound = record.hostConfig.portBindings.map((port) => `${port.containerPort}/${port.protocol}`);
  return new Set([...record.config.exposedPorts, ...bound]);
}

function portMap(record: ContainerRecord, sandbox: Sandbox): NetworkSettings['Ports'] {
  const map: Record<string, { HostIp: string; HostPort: string }[] | null> = {};
  for (const port of knownPorts(record)) map[port] = null;
  for (const { containerPort, protocol, hostIp, hostPort } of sandbox.ports) {
    const list = (map[`${containerPort}/${protocol}`] ??= []);
    list.push({ HostIp: hostIp, HostPort: String(hostPort) });
  }
  return map;
}

/** The ports of one row of `docker ps`: nothing while it is stopped. */
export function portList(record: ContainerRecord, sandbox: Sandbox | undefined): Port[] {
  if (!sandbox) return [];
  const published = sandbox.ports.map((port) => ({
    IP: port.hostIp,
    PrivatePort: port.containerPort,
    PublicPort: port.hostPort,
    Type: port.protocol,
  }));
  const covered = new Set(published.map((port) => `${port.PrivatePort}/${port.Type}`));
  const exposed = [...knownPorts(record)]
    .filter((port) => !covered.has(port))
    .map((port) => {
      const [number = '', protocol = 'tcp'] = port.split('/');
      return { PrivatePort: Number(number), Type: protocol };
    });
  return [...exposed, ...published];
}
