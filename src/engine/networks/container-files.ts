import { copyFileSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '#lib/errors';
import { formatHosts, parseExtraHost } from './hosts-file.ts';
import {
  containerResolvConf,
  formatResolvConf,
  onlyStub,
  parseResolvConf,
  RESOLVED_CONF,
  type ResolvConf,
} from './resolv-conf.ts';
import type { AttachOptions, Endpoint } from './sandbox.ts';
import { defaultNetwork, type NetworksState } from './state.ts';

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
  const bridge = defaultNetwork(state)?.record.bridge;
  const gateways = [bridge?.gateway, bridge?.gateway6].filter((address) => address !== undefined);
  return options.extraHosts.flatMap((text) => parseExtraHost(text, gateways));
}

/** Synchronous, like all of this file: a few hundred bytes, and a start waits for them. */
function writeAll(directory: string, contents: Record<(typeof FILES)[number], string>): void {
  mkdirSync(directory, { recursive: true });
  for (const name of FILES) writeFileSync(join(directory, name), contents[name]);
}

/** resolv.conf, hosts and hostname of a container that has a network of its own. @throws invalid */
export function writeContainerFiles(state: NetworksState, options: AttachOptions, endpoint: Endpoint): void {
  const ipv6 = endpoint.address6 !== undefined;
  const addresses = [endpoint.address, endpoint.address6].filter(
    (address) => address !== undefined && address !== '',
  );
  const hosts = formatHosts({
    ipv6: state.ipv6,
    hostname: options.hostname,
    domainname: options.domainname,
    addresses: addresses.filter((address) => address !== undefined),
    extra: extraHosts(state, options),
  });
  const resolv = containerResolvConf(hostResolvConf(), askedResolvConf(state, options), { ipv6 });
  writeAll(options.directory, {
    'resolv.conf': formatResolvConf(resolv),
    hosts,
    hostname: `${options.hostname}\n`,
  });
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
