import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { invalid } from '#lib/errors';

/** An IP address as a number. */
export interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
}

export const bitsOf = (family: 4 | 6): number => (family === 4 ? 32 : 128);

/** The number behind an address; undefined when the text is none. A zone (`%eth0`) makes it none. */
export function parseAddress(text: string): Address | undefined {
  const family = isIP(text);
  // ipaddr.js alone would take 0x7f.1 and 010.0.0.1 for addresses; node's isIP is strict.
  if ((family !== 4 && family !== 6) || text.includes('%')) return undefined;
  let value = 0n;
  for (const byte of ipaddr.parse(text).toByteArray()) value = (value << 8n) | BigInt(byte);
  return { family, value };
}

/** Dotted or compressed (RFC 5952) text of an address. */
export function formatAddress(family: 4 | 6, value: bigint): string {
  const bytes: number[] = [];
  for (let shift = bitsOf(family) - 8; shift >= 0; shift -= 8)
    bytes.push(Number((value >> BigInt(shift)) & 255n));
  return family === 4 ? bytes.join('.') : new ipaddr.IPv6(bytes).toRFC5952String();
}

/** The same address in its one normal form. @throws invalid */
export function normalizeAddress(text: string): string {
  const address = parseAddress(text);
  if (!address) throw invalid(`invalid IP address: ${text}`);
  return formatAddress(address.family, address.value);
}
