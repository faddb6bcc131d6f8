import {
  appendFileSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '#lib/errors';
import { formatHosts, type HostEntry, hostsLine, ownHosts, parseExtraHost } from './hosts-file.ts';
import type { SandboxRecord } from './record.ts';
import {
  containerResolvConf,
  formatResolvConf,
  onlyStub,
  parseResolvConf,
  RESOLVED_CONF,
  type ResolvConf,
} from './resolv-conf.ts';
import type { AttachOptions, Endpoint } from './sandbox.ts';
import { defaultNetwork, gatewaysOf, type NetworksState } from './state.ts';

const FILES = ['resolv.conf', 'hosts', 'hostname'] as const;

function readOptional(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return '';
    throw error;
  }
}

function hostResolvConf(): ResolvConf {
  const conf = parseResolvConf(readOptional('/etc/resolv.conf'));
  return onlyStub(conf) ? parseResolvConf(readOptional(RESOLVED_CONF)) : conf;
}

/** The container's own settings, and the engine's where it has none. */
function askedResolvConf(state: NetworksState, options: AttachOptions): ResolvConf {
  const { dns, dnsSearch, dnsOptions } = state.options;
  return {
    nameservers: options.dns.length > 0 ? options.dns : dns,
    search: options.dnsSearch.length > 0 ? options.dnsSearch : dnsSearch,
    options: options.dnsOptions.length > 0 ? options.dnsOptions : dnsOptions,
  };
}

function extraHosts(state: NetworksState, options: AttachOptions) {
  const gateways = state.options.hostGateways ?? gatewaysOf(defaultNetwork(state)?.record);
  const asked = options.extraHosts.flatMap((text) => parseExtraHost(text, gateways));
  return [...asked, ...(options.linkedHosts ?? [])];
}

/** Synchronous, like all of this file: a few hundred bytes, and a start waits for them. */
function writeAll(directory: string, contents: Record<(typeof FILES)[number], string>): void {
  mkdirSync(directory, { recursive: true });
  for (const name of FILES) writeFileSync(join(directory, name), contents[name]);
}

/** resolv.conf, hosts and hostname of a container that has a network of its own. @throws invalid */
export function writeContainerFiles(
  state: NetworksState,
  options: AttachOptions,
  endpoints: readonly Endpoint[],
): void {
  const ipv6 = endpoints.some(({ address6 }) => address6 !== undefined);
  const hosts = formatHosts({
    ipv6: state.ipv6,
    hostname: options.hostname,
    domainname: options.domainname,
    addresses: endpoints.flatMap(addressesOf),
    extra: extraHosts(state, options),
  });
  const resolv = containerResolvConf(hostResolvConf(), askedResolvConf(state, options), { ipv6 });
  writeAll(options.directory, {
    'resolv.conf': formatResolvConf(resolv),
    hosts,
    hostname: `${options.hostname}\n`,
  });
}

/** One who is known by these names has another address now. In place: the container has the file mounted. */
export function setHost(record: SandboxRecord, entry: HostEntry): void {
  const path = join(record.directory, 'hosts');
  const line = hostsLine(entry);
  const names = line.slice(line.indexOf('\t'));
  const others = readOptional(path)
    .split('\n')
    .filter((other) => other !== '' && `${other}\n`.slice(other.indexOf('\t')) !== names);
  writeFileSync(path, [...others, line].join('\n'));
}

const addressesOf = ({ address, address6 }: Endpoint): string[] =>
  [address, address6 ?? ''].filter((text) => text !== '');

/** The container's own names at an endpoint that it has only now. Whoever wrote to the file keeps what is there. */
export function addHosts(record: SandboxRecord, endpoint: Endpoint): void {
  appendFileSync(join(record.directory, 'hosts'), ownHosts(record, addressesOf(endpoint)));
}

/** Takes them away again, in place: the container has the file mounted. */
export function removeHosts(record: SandboxRecord, endpoint: Endpoint): void {
  const path = join(record.directory, 'hosts');
  const gone = new Set(ownHosts(record, addressesOf(endpoint)).split('\n'));
  const lines = readOptional(path).split('\n');
  writeFileSync(path, lines.filter((line) => line === '' || !gone.has(line)).join('\n'));
}

/** In the host's network a container sees the host's files, with the extra hosts and DNS settings it asked for. @throws invalid */
export function writeHostFiles(state: NetworksState, options: AttachOptions): void {
  const extra = extraHosts(state, options).map(({ address, names }) => `${address}\t${names.join(' ')}\n`);
  const hosts = readOptional('/etc/hosts');
  const asked = askedResolvConf(state, options);
  const host = readOptional('/etc/resolv.conf');
  const inherited = parseResolvConf(host);
  const unchanged = asked.nameservers.length + asked.search.length + asked.options.length === 0;
  const resolv = formatResolvConf({
    nameservers: asked.nameservers.length > 0 ? asked.nameservers : inherited.nameservers,
    search: asked.search.length > 0 ? asked.search : inherited.search,
    options: asked.options.length > 0 ? asked.options : inherited.options,
  });
  writeAll(options.directory, {
    'resolv.conf': unchanged ? host : resolv,
    hosts: `${hosts}${hosts === '' || hosts.endsWith('\n') ? '' : '\n'}${extra.join('')}`,
    hostname: `${options.hostname}\n`,
  });
}

/** The files of the container that is joined, as one: what one of them writes the other sees. */
export function shareFiles(from: string, to: string): void {
  if (from === to) return;
  mkdirSync(to, { recursive: true });
  for (const name of FILES) {
    const target = join(to, name);
    rmSync(target, { force: true });
    try {
      linkSync(join(from, name), target);
    } catch (error) {
      if (codeOf(error) !== 'EXDEV') throw error;
      copyFileSync(join(from, name), target);
    }
  }
}
