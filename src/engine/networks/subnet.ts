import { bitsOf, formatAddress, parseAddress } from '#lib/address';
import { invalid } from '#lib/errors';

export { formatAddress, normalizeAddress, parseAddress } from '#lib/address';

/** A block of addresses. `base` is its first address as a number, host bits cleared. */
export interface Subnet {
  readonly family: 4 | 6;
  readonly base: bigint;
  readonly prefix: number;
}

/** Number of addresses in the block. */
export const sizeOf = (subnet: Subnet): bigint => 1n << BigInt(bitsOf(subnet.family) - subnet.prefix);

const blockAround = (family: 4 | 6, value: bigint, prefix: number): Subnet => {
  const host = BigInt(bitsOf(family) - prefix);
  return { family, base: (value >> host) << host, prefix };
};

/** The block around an address of 4 or 16 bytes. */
export const subnetOfBytes = (bytes: Buffer, prefix: number): Subnet =>
  blockAround(bytes.length === 4 ? 4 : 6, BigInt(`0x${bytes.toString('hex')}`), prefix);

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
