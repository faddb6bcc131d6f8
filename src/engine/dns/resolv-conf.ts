import { isIP, isIPv6 } from 'node:net';
import { RESOLVER_ADDRESS } from './server-sockets.ts';
import type { UpstreamServer } from './view.ts';

export interface ResolvConf {
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
}

/** Google's public servers: what Docker falls back to when the host names none. */
const FALLBACK = ['8.8.8.8', '8.8.4.4'];
const FALLBACK6 = ['2001:4860:4860::8888', '2001:4860:4860::8844'];

export const fallbackServers = ({ ipv6 }: { ipv6: boolean }): readonly string[] =>
  ipv6 ? [...FALLBACK, ...FALLBACK6] : FALLBACK;

/** resolv.conf(5): the last `search` or `domain` line wins, `options` add up; comments and what is no address are dropped. */
export function parseResolvConf(text: string): ResolvConf {
  const nameservers: string[] = [];
  let search: string[] = [];
  const options: string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'nameserver' && values[0] && isIP(values[0]) !== 0) nameservers.push(values[0]);
    else if ((keyword === 'search' || keyword === 'domain') && values.length > 0) search = values;
    else if (keyword === 'options') options.push(...values);
  }
  return { nameservers, search, options };
}

export function formatResolvConf(conf: ResolvConf): string {
  const lines = conf.nameservers.map((server) => `nameserver ${server}`);
  if (conf.search.length > 0) lines.push(`search ${conf.search.join(' ')}`);
  if (conf.options.length > 0) lines.push(`options ${conf.options.join(' ')}`);
  return lines.map((line) => `${line}\n`).join('');
}

/** The host's file with what was asked for in its place, kind by kind. A search of "." is none. */
export function mergeResolvConf(host: ResolvConf, asked: ResolvConf): ResolvConf {
  return {
    nameservers: asked.nameservers.length > 0 ? asked.nameservers : host.nameservers,
    search: asked.search.length > 0 ? asked.search.filter((domain) => domain !== '.') : host.search,
    options: asked.options.length > 0 ? asked.options : host.options,
  };
}

const isLoopback = (address: string): boolean =>
  address.startsWith('127.') || address === '::1' || address === '0.0.0.0' || address === '::';

/**
 * How servers of the host's file are asked. Those of its loopback or of one of its interfaces, and IPv6
 * ones for a container without, can only be reached from the host's own network.
 */
export function hostServers(nameservers: readonly string[], options: { ipv6: boolean }): UpstreamServer[] {
  return nameservers.map((address) => ({
    // The unspecified address means the machine itself.
    address: address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address,
    fromHost: isLoopback(address) || address.includes('%') || (isIPv6(address) && !options.ipv6),
  }));
}

/** How servers that were asked for are: from the container, whose loopback may well have one. Asking ourselves would go on for ever. */
export const askedServers = (nameservers: readonly string[]): UpstreamServer[] =>
  nameservers
    .filter((address) => address !== RESOLVER_ADDRESS)
    .map((address) => ({ address, fromHost: false }));

/** What `ndots` an option list has; undefined without a valid one. */
function ndotsOf(options: readonly string[]): number | undefined {
  const last = options.findLast((option) => option.startsWith('ndots:'));
  const value = last?.slice('ndots:'.length) ?? '';
  return /^\d+$/.test(value) ? Number(value) : undefined;
}

/** The file of a container with a resolver of its own, and what its resolver has to know of it. */
export interface ResolverConf {
  readonly text: string;
  /** Asked for; undefined: the host's. */
  readonly servers: readonly UpstreamServer[] | undefined;
  /** `ndots` was given with more than 0. */
  readonly ndots: boolean;
}

/** @param host what /etc/resolv.conf of the host says */
export function resolverConf(host: ResolvConf, asked: ResolvConf, options: { ipv6: boolean }): ResolverConf {
  const merged = mergeResolvConf(host, asked);
  const isAsked = asked.nameservers.length > 0;
  const named = host.nameservers.length > 0 ? host.nameservers : fallbackServers(options);
  const servers = isAsked ? askedServers(asked.nameservers) : hostServers(named, options);
  const ndots = ndotsOf(merged.options);
  // What is no number would make some resolvers refuse the whole file.
  const valid = merged.options.filter((option) => !option.startsWith('ndots:') || ndots !== undefined);
  // A bare name is asked of us as it is, and not with every search domain first.
  const complete = ndots === undefined ? [...valid, 'ndots:0'] : valid;
  const text = [
    '# Written by Berth. It is yours to edit: once you have changed it, it is left alone.',
    '',
    formatResolvConf({ nameservers: [RESOLVER_ADDRESS], search: merged.search, options: complete }),
    ...notes({ host, asked, servers, ndots }),
    '',
  ].join('\n');
  return { text, servers: isAsked ? servers : undefined, ndots: (ndots ?? 0) > 0 };
}

/** Docker's, which tools read to find the servers behind the resolver. */
function notes(from: {
  host: ResolvConf;
  asked: ResolvConf;
  servers: readonly UpstreamServer[];
  ndots: number | undefined;
}): string[] {
  const { host, asked, servers, ndots } = from;
  const shown = servers.map(({ address, fromHost }) => (fromHost ? `host(${address})` : address));
  const overrides = [
    ...(asked.nameservers.length > 0 ? ['nameservers'] : []),
    ...(asked.search.length > 0 ? ['search'] : []),
    ...(asked.options.length > 0 ? ['options'] : []),
  ];
  const isDefault = asked.nameservers.length === 0 && host.nameservers.length === 0;
  const ndotsFrom = ndots === undefined ? 'internal' : asked.options.length > 0 ? 'override' : 'host';
  return [
    "# Based on host file: '/etc/resolv.conf' (internal resolver)",
    ...(isDefault ? ['# Used default nameservers.'] : []),
    ...(shown.length > 0 ? [`# ExtServers: [${shown.join(' ')}]`] : []),
    `# Overrides: [${overrides.join(' ')}]`,
    `# Option ndots from: ${ndotsFrom}`,
  ];
}
