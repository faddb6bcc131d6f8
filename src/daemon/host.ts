import { invalid } from '#lib/errors';

/** Where to listen. */
export type Host =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly address: string; readonly port: number }
  /** Sockets that a service manager opened: the one of a number (from 3 on), or all of them. */
  | { readonly kind: 'fd'; readonly number: number | undefined };

/** `unix:///path`, `tcp://[address][:port]` (without a port 2375, with TLS 2376), `fd://[number]`. @throws invalid */
export function parseHost(text: string, tls: boolean): Host {
  const [, scheme, rest = ''] = /^(\w+):\/\/(.*)$/.exec(text) ?? [];
  if (scheme === 'unix') {
    if (!rest.startsWith('/')) throw invalid(`invalid host ${text}: the socket's path must be absolute`);
    // sun_path of sockaddr_un, with its terminating zero.
    if (Buffer.byteLength(rest) > 107)
      throw invalid(`invalid host ${text}: the path is longer than 107 bytes`);
    return { kind: 'unix', path: rest };
  }
  if (scheme === 'tcp') return tcpHost(text, rest, tls);
  if (scheme === 'fd' && /^(\*|\d{1,5})?$/.test(rest))
    return { kind: 'fd', number: /\d/.test(rest) ? Number(rest) : undefined };
  throw invalid(`invalid host ${JSON.stringify(text)}: use unix:///path, tcp://address:port or fd://`);
}

function tcpHost(text: string, rest: string, tls: boolean): Host {
  const [, ipv6, name, digits] = /^(?:\[([\da-fA-F:.]+)\]|([^:/[\]]*))(?::(\d{1,5}))?\/?$/.exec(rest) ?? [];
  const address = ipv6 ?? name;
  const port = digits === undefined ? (tls ? 2376 : 2375) : Number(digits);
  if (address === undefined || port > 65535) throw invalid(`invalid host ${text}: use tcp://address:port`);
  return { kind: 'tcp', address: address || '127.0.0.1', port };
}
