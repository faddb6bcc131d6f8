import { isIP } from 'node:net';
import { invalid } from '#lib/errors';
import type { ContainerConfig, EndpointSpec, HostConfig } from './record.ts';

/** `container:x` -> `x`; undefined for every other mode. */
export const joined = (mode: string): string | undefined =>
  mode.startsWith('container:') ? mode.slice('container:'.length) : undefined;

/**
 * Which options go together with a network mode.
 * @throws invalid with Docker's texts
 */
export function checkNetwork(
  config: Pick<ContainerConfig, 'hostname' | 'exposedPorts'>,
  host: HostConfig,
  endpoints: readonly EndpointSpec[],
): void {
  const mode = host.networkMode;
  const joins = joined(mode) !== undefined;
  if (joins && joined(mode) === '')
    throw invalid('Invalid network mode: invalid container format container:<name|id>');
  if (host.utsMode === 'host' && config.hostname !== '') {
    throw invalid('conflicting options: hostname and the UTS mode');
  }
  if (joins) checkJoined(config, host, endpoints);
  if (host.links.length > 0) {
    throw invalid(
      `conflicting options: links are not supported (${host.links.join(', ')}): put both containers on one network and use their names`,
    );
  }
  for (const entry of host.extraHosts) checkExtraHost(entry);
  for (const address of host.dns) {
    if (isIP(address) === 0) throw invalid(`${address} is not an ip address`);
  }
  for (const endpoint of endpoints) checkEndpoint(endpoint, mode);
}

function checkJoined(
  config: Pick<ContainerConfig, 'hostname' | 'exposedPorts'>,
  host: HostConfig,
  endpoints: readonly EndpointSpec[],
): void {
  const conflicts: readonly [boolean, string][] = [
    [config.hostname !== '', 'hostname and the network mode'],
    [host.dns.length > 0, 'dns and the network mode'],
    [host.extraHosts.length > 0, 'custom host-to-IP mapping and the network mode'],
    [endpoints.some(({ mac }) => mac), 'mac-address and the network mode'],
    [
      host.portBindings.length > 0 || host.publishAllPorts,
      'port publishing and the container type network mode',
    ],
    [config.exposedPorts.length > 0, 'port exposing and the container type network mode'],
  ];
  for (const [clash, what] of conflicts) if (clash) throw invalid(`conflicting options: ${what}`);
}

function checkExtraHost(entry: string): void {
  const [name, address] = splitOnce(entry);
  if (name === '' || address === '') throw invalid(`bad format for add-host: "${entry}"`);
  if (address !== 'host-gateway' && isIP(address.replace(/^\[(.*)\]$/, '$1')) === 0) {
    throw invalid(`invalid IP address in add-host: "${address}"`);
  }
}

function splitOnce(entry: string): [string, string] {
  const at = entry.includes('=') ? entry.indexOf('=') : entry.indexOf(':');
  return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
}

function checkEndpoint(endpoint: EndpointSpec, mode: string): void {
  if (endpoint.address !== undefined && isIP(endpoint.address) !== 4) {
    throw invalid(`invalid IPv4 address: ${endpoint.address}`);
  }
  if (endpoint.address6 !== undefined && isIP(endpoint.address6) !== 6) {
    throw invalid(`invalid IPv6 address: ${endpoint.address6}`);
  }
  if (endpoint.mac !== undefined && !/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(endpoint.mac)) {
    throw invalid(`${endpoint.mac} is not a valid mac address`);
  }
  const named = ['default', 'bridge', 'host', 'none'].includes(mode) || joined(mode) !== undefined;
  if (
    named &&
    endpoint.network === mode &&
    endpoint.aliases.length > 0 &&
    mode !== 'default' &&
    mode !== 'bridge'
  ) {
    throw invalid('network-scoped alias is supported only for containers in user defined networks');
  }
}
