import type { Endpoint, Network, PoolUsage } from '#engine/networks';
import type { NetworkContainer, NetworkInspect, NetworkStatus } from '#protocol';

/** `containers`: id -> endpoint; listings leave it out. `nameOf` gives a container's name. */
export function networkInspect(
  network: Network,
  containers: ReadonlyMap<string, Endpoint>,
  nameOf: (containerId: string) => string,
): NetworkInspect {
  return {
    Name: network.name,
    Id: network.id,
    Created: network.created,
    Scope: network.scope,
    Driver: network.driver,
    EnableIPv4: network.ipv4,
    EnableIPv6: network.ipv6,
    IPAM: {
      Driver: network.ipam.driver,
      Options: network.ipam.options ?? null,
      Config: network.ipam.pools.map(({ subnet, ipRange, gateway, auxAddresses }) => ({
        Subnet: subnet,
        ...(ipRange && { IPRange: ipRange }),
        ...(gateway && { Gateway: gateway }),
        ...(auxAddresses && { AuxiliaryAddresses: auxAddresses }),
      })),
    },
    Internal: network.internal,
    Attachable: network.attachable,
    Ingress: false,
    ConfigFrom: { Network: network.configFrom },
    ConfigOnly: network.configOnly,
    Containers: Object.fromEntries(
      [...containers].map(([id, endpoint]) => [id, networkContainer(nameOf(id), endpoint)]),
    ),
    Options: network.options,
    Labels: network.labels,
  };
}

const networkContainer = (name: string, endpoint: Endpoint): NetworkContainer => ({
  Name: name,
  EndpointID: endpoint.endpointId,
  MacAddress: endpoint.mac,
  IPv4Address: endpoint.address && `${endpoint.address}/${endpoint.prefix}`,
  IPv6Address: endpoint.address6 ? `${endpoint.address6}/${endpoint.prefix6}` : '',
});

/** How full the network is. */
export const networkStatus = (usage: readonly PoolUsage[]): NetworkStatus => ({
  IPAM: {
    Subnets: Object.fromEntries(
      usage.map(({ subnet, used, available }) => [
        subnet,
        { IPsInUse: used, DynamicIPsAvailable: available },
      ]),
    ),
  },
});
