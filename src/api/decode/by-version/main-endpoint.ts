import { invalid } from '#lib/errors';
import type { ContainerCreateRequest, EndpointSettings, HostConfig } from '#protocol';
import type { Since } from './since.ts';

const ENDPOINT_SYSCTLS = 'com.docker.network.endpoint.sysctls';

export type CreateWithHost = ContainerCreateRequest & { readonly HostConfig: HostConfig };

/** The network that a container's own settings are meant for, by the name that the request has for it. */
const mainNetwork = ({ HostConfig: { NetworkMode = '' } }: CreateWithHost): string =>
  NetworkMode || 'default';

const isPrivate = (mode: string): boolean =>
  mode !== 'host' && mode !== 'none' && !mode.startsWith('container:');

/** Lays settings over those of the main network's endpoint. @throws invalid when the request does not tell which that is */
function withMainEndpoint(
  wire: CreateWithHost,
  since: Since,
  change: (endpoint: EndpointSettings) => EndpointSettings,
) {
  const endpoints = wire.NetworkingConfig?.EndpointsConfig ?? {};
  const names = Object.keys(endpoints);
  const wanted = mainNetwork(wire);
  const alias = ['default', 'bridge'].includes(wanted) ? ['default', 'bridge'] : [wanted];
  const found = names.find((name) => alias.includes(name)) ?? (since('1.44') ? undefined : names[0]);
  if (found === undefined && names.length > 0) {
    throw invalid('HostConfig.NetworkMode must match the identity of a network in NetworkSettings.Networks');
  }
  const name = found ?? wanted;
  const EndpointsConfig = { ...endpoints, [name]: change(endpoints[name] ?? {}) };
  return { ...wire, NetworkingConfig: { ...wire.NetworkingConfig, EndpointsConfig } };
}

/** The MAC address of the container as a whole becomes its main endpoint's. @throws invalid */
export function movedMac(wire: CreateWithHost, warnings: string[], since: Since): CreateWithHost {
  const { MacAddress } = wire;
  if (!MacAddress) return wire;
  const mode = mainNetwork(wire);
  const moved = { ...wire, MacAddress: undefined };
  if (since('1.52')) return moved;
  if (since('1.44')) {
    warnings.push(
      'The container-wide MacAddress field is now deprecated. It should be specified in EndpointsConfig instead.',
    );
  }
  if (!isPrivate(mode)) {
    if (since('1.44')) return moved;
    throw invalid('conflicting options: mac-address and the network mode');
  }
  return withMainEndpoint(moved, since, (endpoint) => {
    if (endpoint.MacAddress && endpoint.MacAddress !== MacAddress) {
      throw invalid(
        'the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty',
      );
    }
    return { ...endpoint, MacAddress };
  });
}

/** `net.ipv4.conf.eth0.x`: set for the main network's interface, which has no name yet. @throws invalid */
export function movedSysctls(wire: CreateWithHost, warnings: string[], since: Since): CreateWithHost {
  if (!isPrivate(mainNetwork(wire))) return wire;
  const all = Object.entries(wire.HostConfig.Sysctls ?? {});
  const ofInterface = all.filter(([name]) => /^net\.[^.]*\.[^.]*\.eth[^.]*\../.test(name));
  const [first] = ofInterface;
  if (!first) return wire;
  if (since('1.48')) {
    throw invalid(
      `interface specific sysctl setting "${first[0]}" must be supplied using driver option '${ENDPOINT_SYSCTLS}'`,
    );
  }
  const moved = ofInterface.map(([name, value]) => {
    const [net, family, area, device, ...rest] = name.split('.');
    if (device !== 'eth0') {
      throw invalid(
        `unable to determine network endpoint for sysctl ${name}, use driver option '${ENDPOINT_SYSCTLS}' to set per-interface sysctls`,
      );
    }
    return `${[net, family, area, 'IFNAME', ...rest].join('.')}=${value}`;
  });
  warnings.push(
    `Migrated sysctl "${ofInterface.map(([name]) => name).join(',')}" to DriverOpts{"${ENDPOINT_SYSCTLS}":"${moved.join(',')}"}.`,
  );
  const Sysctls = Object.fromEntries(all.filter((entry) => !ofInterface.includes(entry)));
  return withMainEndpoint({ ...wire, HostConfig: { ...wire.HostConfig, Sysctls } }, since, (endpoint) => {
    const given = endpoint.DriverOpts?.[ENDPOINT_SYSCTLS];
    const value = [...moved, ...(given ? [given] : [])].join(',');
    return { ...endpoint, DriverOpts: { ...endpoint.DriverOpts, [ENDPOINT_SYSCTLS]: value } };
  });
}
