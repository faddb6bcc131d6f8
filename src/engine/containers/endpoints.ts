import type { Networks, Sandbox } from '#engine/networks';
import { isKind } from '#lib/errors';
import type { ContainerConfig, EndpointSpec, HostConfig } from './record.ts';
import { isPredefined, joined } from './validate-network.ts';

/**
 * The networks of a new container, under their names and in the order of its interfaces: those that were asked
 * for, else that of its network mode. A mode that names a network of the user's own is always among them.
 */
export function initialEndpoints(
  networks: Networks,
  { networkDisabled }: Pick<ContainerConfig, 'networkDisabled'>,
  { networkMode }: Pick<HostConfig, 'networkMode'>,
  asked: readonly EndpointSpec[],
): EndpointSpec[] {
  if (networkDisabled || joined(networkMode) !== undefined) return [];
  const mode = networkName(networks, networkMode);
  const endpoints = asked.map((endpoint) => ({
    ...endpoint,
    network: networkName(networks, endpoint.network),
  }));
  const first = endpoints.find(({ network }) => network === mode);
  const others = endpoints.filter((endpoint) => endpoint !== first);
  if (first) return [first, ...others];
  return isPredefined(mode) && others.length > 0 ? others : [{ network: mode }, ...others];
}

/** A network by its name, whatever it was called by; one that is not there keeps what it was called. */
export function networkName(networks: Networks, reference: string): string {
  if (reference === '' || reference === 'default') return 'bridge';
  try {
    return networks.get(reference).name;
  } catch (error) {
    if (isKind(error, 'not-found')) return reference;
    throw error;
  }
}

/**
 * The networks of a container that runs, as its sandbox has them: an engine that ended in the middle of a connect
 * or disconnect may have changed the one and not the other.
 */
export function settledEndpoints(
  endpoints: readonly EndpointSpec[],
  sandbox: Sandbox,
): readonly EndpointSpec[] {
  const live = sandbox.endpoints.map(({ networkName }) => networkName);
  const known = new Set(endpoints.map(({ network }) => network));
  if (live.length === known.size && live.every((name) => known.has(name))) return endpoints;
  const kept = endpoints.filter(({ network }) => live.includes(network));
  const added = sandbox.endpoints.filter(({ networkName }) => !known.has(networkName));
  return [
    ...kept,
    ...added.map(({ networkName, aliases, links, driverOptions, gatewayPriority, linkLocal }) => ({
      network: networkName,
      aliases,
      links,
      driverOptions,
      gatewayPriority,
      linkLocal,
    })),
  ];
}
