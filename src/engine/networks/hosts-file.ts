import { invalid } from '#lib/errors';
import { normalizeAddress, parseAddress } from './subnet.ts';

export interface HostEntry {
  readonly address: string;
  readonly names: readonly string[];
}

const LOOPBACK4: HostEntry[] = [{ address: '127.0.0.1', names: ['localhost'] }];
const LOOPBACK6: HostEntry[] = [
  { address: '::1', names: ['localhost', 'ip6-localhost', 'ip6-loopback'] },
  { address: 'fe00::', names: ['ip6-localnet'] },
  { address: 'ff00::', names: ['ip6-mcastprefix'] },
  { address: 'ff02::1', names: ['ip6-allnodes'] },
  { address: 'ff02::2', names: ['ip6-allrouters'] },
];

/** No white space, no `#`, nothing that could begin another line or entry. */
const NAME = /^[^\s#\p{Cc}]+$/u;

/**
 * One `--add-host`: `name:ip`, `name=ip`, `name:[ip6]` or `name:host-gateway`; the last
 * gives an entry for each of `gateways`.
 * @throws invalid
 */
export function parseExtraHost(text: string, gateways: readonly string[]): HostEntry[] {
  const match = /^([^:=]+)[:=](.*)$/s.exec(text);
  const name = match?.[1] ?? '';
  const target = (match?.[2] ?? '').replace(/^\[(.*)\]$/, '$1');
  if (!NAME.test(name)) throw invalid(`bad format for add-host: ${JSON.stringify(text)}`);
  if (target === 'host-gateway') {
    if (gateways.length === 0) {
      throw invalid('unable to derive the IP value for host-gateway: this engine has no bridge network');
    }
    return gateways.map((address) => ({ address, names: [name] }));
  }
  if (!parseAddress(target)) throw invalid(`invalid IP address in add-host: ${JSON.stringify(target)}`);
  return [{ address: normalizeAddress(target), names: [name] }];
}

/** hosts(5) of a container: loopback, extra hosts, then its own names for each of its addresses. @throws invalid */
export function formatHosts(options: {
  ipv6: boolean;
  hostname: string;
  domainname: string;
  addresses: readonly string[];
  extra: readonly HostEntry[];
}): string {
  const entries = [...LOOPBACK4, ...(options.ipv6 ? LOOPBACK6 : []), ...options.extra];
  return entries.map(hostsLine).join('') + ownHosts(options, options.addresses);
}

/** The lines of a container's own names; one with a space in it, which the kernel takes, is two here. @throws invalid */
export function ownHosts(
  { hostname, domainname }: { hostname: string; domainname: string },
  addresses: readonly string[],
): string {
  const names = [...(domainname ? [`${hostname}.${domainname}`] : []), hostname]
    .flatMap((name) => name.split(' '))
    .filter((name) => name !== '');
  for (const name of names) {
    if (!NAME.test(name)) throw invalid(`invalid hostname: ${JSON.stringify(name)}`);
  }
  return names.length === 0 ? '' : addresses.map((address) => hostsLine({ address, names })).join('');
}

export const hostsLine = ({ address, names }: HostEntry): string => `${address}\t${names.join(' ')}\n`;
