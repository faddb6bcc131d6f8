import { isIP } from 'node:net';
import { invalid } from '#lib/errors';
import type { ContainerConfig, EndpointSpec, HostConfig } from './record.ts';

const LINKS_AND_CONTAINER =
  "conflicting options: container type network can't be used with links. This would result in undefined behavior";
export const LINKS_AND_HOST =
  "conflicting options: host type networking can't be used with links. This would result in undefined behavior";

/** `name:alias`, or `name` for both. @throws invalid */
export function parseLink(text: string): { readonly name: string; readonly alias: string } {
  const [name = '', alias = name.replace(/^.*\//, ''), ...more] = text.split(':');
  if (name === '' || more.length > 0) throw invalid(`bad format for links: ${text}`);
  // It becomes a name in the hosts file and part of variables' names.
  if (!/^[\w.-]+$/.test(alias))
    throw invalid(`bad format for links: ${text}: invalid alias ${JSON.stringify(alias)}`);
  return { name, alias };
}

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
  checkLinks(host, joins);
  for (const entry of host.extraHosts) checkExtraHost(entry);
  for (const address of host.dns) {
    if (isIP(address) === 0) throw invalid(`${address} is not an ip address`);
  }
  for (const endpoint of endpoints) checkEndpoint(endpoint);
}

function checkLinks({ links, networkMode }: HostConfig, joins: boolean): void {
  if (links.length === 0) return;
  if (networkMode === 'host') throw invalid(LINKS_AND_HOST);
  if (joins) throw invalid(LINKS_AND_CONTAINER);
  for (const link of links) parseLink(link);
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

/** What a container asks of a network, without looking at the network. @throws invalid */
export function checkEndpoint(endpoint: EndpointSpec): void {
  const problems = [...endpointProblems(endpoint)];
  if (problems.length > 0) throw invalid(`invalid endpoint settings:\n${problems.join('\n')}`);
}

function* endpointProblems(endpoint: EndpointSpec): Generator<string> {
  const { network, address, address6, aliases = [], mac, linkLocal = [] } = endpoint;
  const predefined = isPredefined(network) || network === 'default';
  if (predefined && (address !== undefined || address6 !== undefined)) {
    yield 'user specified IP address is supported on user defined networks only';
  }
  if ((network === 'host' || network === 'none') && aliases.length > 0) {
    yield 'network-scoped alias is supported only for containers in user defined networks';
  }
  if (address !== undefined && (isIP(address) !== 4 || address === '0.0.0.0')) {
    yield `invalid IPv4 address: ${address}`;
  }
  if (address6 !== undefined && (isIP(address6) !== 6 || /^[:0]+$/.test(address6))) {
    yield `invalid IPv6 address: ${address6}`;
  }
  for (const each of linkLocal) if (isIP(each) === 0) yield `invalid link-local IP address: ${each}`;
  if (mac !== undefined && !/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(mac)) {
    yield `invalid MAC address ${mac}`;
  }
  const sysctls = endpoint.driverOptions?.['com.docker.network.endpoint.sysctls'] ?? '';
  for (const text of sysctls.split(',').filter(Boolean)) {
    if (/^net\.(ipv4|ipv6|mpls)\.[^.]+\.(IFNAME|ifname)\.[^.]+=/.test(text)) continue;
    yield `unrecognised network interface sysctl '${text}'; represent 'net.X.Y.ethN.Z=V' as 'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or 'mpls'`;
  }
}

/** The networks that are always there. */
export const isPredefined = (network: string): boolean => ['bridge', 'host', 'none'].includes(network);
