import { isIP } from 'node:net';

export interface ResolvConf {
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
}

/** Where systemd-resolved keeps what it learnt, while /etc/resolv.conf names only its stub 127.0.0.53. */
export const RESOLVED_CONF = '/run/systemd/resolve/resolv.conf';

/** Google's public servers: what Docker falls back to when the host has no server that a container could reach. */
const FALLBACK = ['8.8.8.8', '8.8.4.4'];
const FALLBACK6 = ['2001:4860:4860::8888', '2001:4860:4860::8844'];

/** resolv.conf(5): the last `search` or `domain` line wins, `options` add up; comments are dropped. */
export function parseResolvConf(text: string): ResolvConf {
  const nameservers: string[] = [];
  let search: string[] = [];
  const options: string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'nameserver' && values[0]) nameservers.push(values[0]);
    else if (keyword === 'search' || keyword === 'domain') search = values;
    else if (keyword === 'options') options.push(...values);
  }
  return { nameservers, search, options };
}

/** A server on the host's loopback, or one named by an interface of the host, is out of a container's reach. */
const isReachable = (server: string): boolean =>
  isIP(server) !== 0 &&
  !server.includes('%') &&
  !server.startsWith('127.') &&
  server !== '::1' &&
  server !== '0.0.0.0';

export const onlyStub = (conf: ResolvConf): boolean =>
  conf.nameservers.length === 1 && conf.nameservers[0] === '127.0.0.53';

/**
 * The container's resolv.conf: what the user asked for, else the host's without the servers
 * that cannot be reached from a container. `search` of a single `.` means no search domain.
 */
export function containerResolvConf(
  host: ResolvConf,
  asked: ResolvConf,
  options: { ipv6: boolean },
): ResolvConf {
  const reachable = host.nameservers.filter(
    (server) => isReachable(server) && (options.ipv6 || isIP(server) === 4),
  );
  const inherited = reachable.length > 0 ? reachable : [...FALLBACK, ...(options.ipv6 ? FALLBACK6 : [])];
  const search = asked.search.length > 0 ? asked.search : host.search;
  return {
    nameservers: asked.nameservers.length > 0 ? asked.nameservers : inherited,
    search: search.length === 1 && search[0] === '.' ? [] : search,
    options: asked.options.length > 0 ? asked.options : host.options,
  };
}

export function formatResolvConf(conf: ResolvConf): string {
  const lines = ['# Written by Berth: changes are lost when the container starts again.'];
  for (const server of conf.nameservers) lines.push(`nameserver ${server}`);
  if (conf.search.length > 0) lines.push(`search ${conf.search.join(' ')}`);
  if (conf.options.length > 0) lines.push(`options ${conf.options.join(' ')}`);
  return `${lines.join('\n')}\n`;
}
