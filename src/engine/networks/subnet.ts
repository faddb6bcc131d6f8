import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { invalid } from '#lib/errors';

/** A block of addresses. `base` is its first address as a number, host bits cleared. */
export interface Subnet {
  readonly family: 4 | 6;
  readonly base: bigint;
  readonly prefix: number;
}

const bitsOf = (family: 4 | 6): number => (family === 4 ? 32 : 128);

/** Number of addresses in the block. */
export const sizeOf = (subnet: Subnet): bigint => 1n << BigInt(bitsOf(subnet.family) - subnet.prefix);

/** The number behind an address; undefined when the text is none. A zone (`%eth0`) makes it none. */
export function parseAddress(text: string): { family: 4 | 6; value: bigint } | undefined {
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

const blockAround = (family: 4 | 6, value: bigint, prefix: number): Subnet => {
  const host = BigInt(bitsOf(family) - prefix);
  return { family, base: (value >> host) << host, prefix };
};

/** The block around an address. @throws invalid */
export function subnetOf(address: string, prefix: number): Subnet {
  const parsed = parseAddress(address);
  if (!parsed || prefix < 0 || prefix > bitsOf(parsed.family)) {
    throw invalid(`invalid CIDR address: ${address}/${prefix}`);
  }
  return blockAround(parsed.family, parsed.value, prefix);
}

/** `10.1.2.3/16` as the block 10.1.0.0/16 and the address 10.1.2.3. @throws invalid */
export function parseCidr(text: string): { subnet: Subnet; address: string } {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const parsed = parseAddress(match?.[1] ?? '');
  const prefix = Number(match?.[2]);
  if (!parsed || prefix > bitsOf(parsed.family)) throw invalid(`invalid CIDR address: ${text}`);
  return {
    subnet: blockAround(parsed.family, parsed.value, prefix),
    address: formatAddress(parsed.family, parsed.value),
  };
}

/** `172.17.0.0/16` */
export const formatSubnet = (subnet: Subnet): string =>
  `${formatAddress(subnet.family, subnet.base)}/${subnet.prefix}`;

export function contains(subnet: Subnet, address: string): boolean {
  const parsed = parseAddress(address);
  if (!parsed || parsed.family !== subnet.family) return false;
  return parsed.value >= subnet.base && parsed.value < subnet.base + sizeOf(subnet);
}

export const overlaps = (a: Subnet, b: Subnet): boolean =>
  a.family === b.family && a.base < b.base + sizeOf(b) && b.base < a.base + sizeOf(a);

/** The address `offset` places into the block. */
export const addressAt = (subnet: Subnet, offset: bigint): string =>
  formatAddress(subnet.family, subnet.base + offset);
