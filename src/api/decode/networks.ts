import type { EndpointSpec } from '#engine/containers';
import type { CreateNetworkOptions } from '#engine/networks';
import { invalid, unavailable } from '#lib/errors';
import type { EndpointSettings, NetworkCreateRequest } from '#protocol';

/** @throws invalid, unavailable (the routing mesh of a swarm) */
export function networkOptions(wire: NetworkCreateRequest): CreateNetworkOptions {
  const name = wire.Name ?? '';
  if (name.trim() === '') throw invalid('invalid network name: it cannot be empty');
  if (wire.Ingress) {
    throw unavailable('the routing mesh needs a swarm: this node is not a swarm manager');
  }
  return {
    name,
    driver: wire.Driver || 'bridge',
    ipam: {
      driver: wire.IPAM?.Driver ?? '',
      ...(wire.IPAM?.Options && { options: wire.IPAM.Options }),
      pools: (wire.IPAM?.Config ?? []).map(({ Subnet, IPRange, Gateway, AuxiliaryAddresses }) => ({
        ...(Subnet && { subnet: Subnet }),
        ...(IPRange && { ipRange: IPRange }),
        ...(Gateway && { gateway: Gateway }),
        auxAddresses: AuxiliaryAddresses ?? {},
      })),
    },
    internal: wire.Internal ?? false,
    ...(wire.EnableIPv4 !== undefined && { ipv4: wire.EnableIPv4 }),
    ...(wire.EnableIPv6 !== undefined && { ipv6: wire.EnableIPv6 }),
    attachable: wire.Attachable ?? false,
    scope: wire.Scope ?? '',
    configOnly: wire.ConfigOnly ?? false,
    configFrom: wire.ConfigFrom?.Network ?? '',
    labels: wire.Labels ?? {},
    options: wire.Options ?? {},
  };
}

/** What a container asks of a network. */
export function endpointSpec(network: string, wire: EndpointSettings): EndpointSpec {
  const { IPv4Address, IPv6Address, LinkLocalIPs } = wire.IPAMConfig ?? {};
  return {
    network,
    aliases: wire.Aliases ?? [],
    links: wire.Links ?? [],
    ...(wire.MacAddress && { mac: wire.MacAddress }),
    ...(IPv4Address && { address: IPv4Address }),
    ...(IPv6Address && { address6: IPv6Address }),
    linkLocal: LinkLocalIPs ?? [],
    driverOptions: wire.DriverOpts ?? {},
    gatewayPriority: wire.GwPriority ?? 0,
  };
}
