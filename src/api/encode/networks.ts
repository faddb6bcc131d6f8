import type { Endpoint, Network } from '#engine/networks';
import type { NetworkContainer, NetworkInspect } from '#protocol';

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
    EnableIPv4: true,
    EnableIPv6: network.ipv6,
    IPAM: {
      Driver: 'default',
      Options: null,
      Config: network.ipam.map(({ subnet, gateway }) => ({
        Subnet: subnet,
        ...(gateway && { Gateway: gateway }),
      })),
    },
    Internal: network.internal,
    Attachable: network.attachable,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
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
