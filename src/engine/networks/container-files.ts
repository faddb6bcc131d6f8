import { createHash } from 'node:crypto';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  formatResolvConf,
  mergeResolvConf,
  parseResolvConf,
  type ResolvConf,
  resolverConf,
} from '#engine/dns';
import { codeOf } from '#lib/errors';
import { formatHosts, type HostEntry, hostsLine, ownHosts, parseExtraHost } from './hosts-file.ts';
import type { ResolverSettings, SandboxRecord } from './record.ts';
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

const hostResolvConf = (): ResolvConf => parseResolvConf(readOptional('/etc/resolv.conf'));

/** The container's own settings, and the engine's where it has none. */
function askedResolvConf(state: NetworksState, options: AttachOptions): ResolvConf {
  const { dns, dnsSearch, dnsOptions } = state.options;
  return {
    nameservers: options.dns.length > 0 ? options.dns : dns,
    search: options.dnsSearch.length > 0 ? options.dnsSearch : dnsSearch,
    options: options.dnsOptions.length > 0 ? options.dnsOptions : dnsOptions,
  };
}

/** What `host-gateway` stands for. */
export const hostGateways = (state: NetworksState): readonly string[] =>
  state.options.hostGateways ?? gatewaysOf(defaultNetwork(state)?.record);

function extraHosts(state: NetworksState, options: AttachOptions) {
  const asked = options.extraHosts.flatMap((text) => parseExtraHost(text, hostGateways(state)));
  return [...asked, ...(options.linkedHosts ?? [])];
}

/** Synchronous, like all of this file: a few hundred bytes, and a start waits for them. */
function writeAll(directory: string, contents: Record<(typeof FILES)[number], string>): void {
  mkdirSync(directory, { recursive: true });
  writeResolvConf(directory, contents['resolv.conf']);
  for (const name of ['hosts', 'hostname'] as const) writeFileSync(join(directory, name), contents[name]);
}

/** What somebody has made of the file stays as it is, also when the container starts again. */
function writeResolvConf(directory: string, content: string): void {
  const [path, hashPath] = [join(directory, 'resolv.conf'), join(directory, 'resolv.conf.hash')];
  const ours = readOptional(hashPath);
  if (ours !== '' && existsSync(path) && ours !== hashOf(readOptional(path))) return;
  writeFileSync(path, content);
  writeFileSync(hashPath, hashOf(content));
}

const hashOf = (content: string): string => createHash('sha256').update(content).digest('hex');

/**
 * resolv.conf, hosts and hostname of a container that has a network of its own. What its resolver has to
 * know; none for a container that is on no network.
 * @throws invalid
 */
export function writeContainerFiles(
  state: NetworksState,
  options: AttachOptions,
  endpoints: readonly Endpoint[],
): ResolverSettings | undefined {
  const ipv6 = endpoints.some(({ address6 }) => address6 !== undefined);
  const hosts = formatHosts({
    ipv6: state.ipv6,
    hostname: options.hostname,
    domainname: options.domainname,
    addresses: endpoints.flatMap(addressesOf),
    extra: extraHosts(state, options),
  });
  const isAlone = endpoints.every((endpoint) => endpoint.interface === '');
  const resolv = isAlone
    ? undefined
    : resolverConf(hostResolvConf(), askedResolvConf(state, options), { ipv6 });
  writeAll(options.directory, {
    'resolv.conf': resolv?.text ?? '',
    hosts,
    hostname: `${options.hostname}\n`,
  });
  return resolv && { ndots: resolv.ndots, ...(resolv.servers ? { servers: resolv.servers } : {}) };
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
  const unchanged = asked.nameservers.length + asked.search.length + asked.options.length === 0;
  const resolv = formatResolvConf(mergeResolvConf(parseResolvConf(host), asked));
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
