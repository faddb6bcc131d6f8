import { isIPv6 } from 'node:net';
import { type BerthError, codeOf, unavailable } from '#lib/errors';
import type { Address } from './address.ts';

/** As Go words them. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  ECONNRESET: 'read: connection reset by peer',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ENOENT: 'connect: no such file or directory',
  ENOTFOUND: 'lookup: no such host',
  EPIPE: 'write: broken pipe',
  EPROTOTYPE: 'connect: protocol wrong type for socket',
  ETIMEDOUT: 'connect: connection timed out',
};

/** `dial tcp 127.0.0.1:514: connect: connection refused`; has the `code` of its cause. */
export function dialFailure(
  address: Address,
  reason: string,
  cause?: unknown,
): BerthError & { code: string | undefined } {
  const code = codeOf(cause);
  const known = code === undefined ? undefined : REASONS[code];
  return Object.assign(unavailable(`dial ${show(address)}: ${known ?? reason}`, cause), { code });
}

function show(address: Address): string {
  if ('path' in address) return `${address.scheme} ${address.path}`;
  const { scheme, host, port } = address;
  return `${scheme} ${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
