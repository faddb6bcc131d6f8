import { isIPv6 } from 'node:net';
import { invalid } from '#lib/errors';

/** Where a receiver listens. */
export type Address =
  | { readonly scheme: 'unix' | 'unixgram'; readonly path: string }
  | { readonly scheme: 'tcp' | 'udp' | 'tcp+tls' | 'tls'; readonly host: string; readonly port: number };

export type Scheme = Address['scheme'];

/** `tcp://host:port`, `unix:///path`. `port`: where none is given; absent: it must be given. @throws invalid */
export function parseAddress(
  text: string,
  { option, schemes, port }: { option: string; schemes: readonly Scheme[]; port?: number },
): Address {
  const [, scheme, rest = ''] = /^([a-z+]+):\/\/(.*)$/.exec(text) ?? [];
  if (scheme === undefined) throw invalid(`${option} should be in form proto://address, got ${text}`);
  const known = schemes.find((name) => name === scheme);
  if (known === undefined)
    throw invalid(`${option}: ${scheme} is not supported, use one of ${schemes.join(', ')}`);
  if (known === 'unix' || known === 'unixgram') {
    if (!rest.startsWith('/')) throw invalid(`${option}: the socket's path must be absolute, got ${text}`);
    return { scheme: known, path: rest };
  }
  return { scheme: known, ...hostAndPort(rest, option, port) };
}

/** @throws invalid */
export function hostAndPort(
  text: string,
  option: string,
  standard: number | undefined,
): { readonly host: string; readonly port: number } {
  const [, ipv6, name, digits] = /^(?:\[([^\]]+)\]|([^:[\]/?#]*))(?::(\d{1,5}))?\/?$/.exec(text) ?? [];
  const host = ipv6 ?? name ?? '';
  const port = digits === undefined ? standard : Number(digits);
  if (ipv6 !== undefined && !isIPv6(ipv6)) throw invalid(`invalid ${option}: ${text}`);
  if (port === undefined) throw invalid(`${option}: please provide it as proto://host:port, got ${text}`);
  if ((name === undefined && ipv6 === undefined) || port > 65_535)
    throw invalid(`invalid ${option}: ${text}`);
  return { host: host || '127.0.0.1', port };
}
