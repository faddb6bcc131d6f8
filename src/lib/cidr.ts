import { BlockList, isIP } from 'node:net';

/** `10.0.0.0/8`, `fd00::/64` */
export interface Cidr {
  readonly base: string;
  readonly prefix: number;
}

/** Undefined for what is none. */
export function parseCidr(text: string): Cidr | undefined {
  const [, base = '', digits] = /^([^/%]+)\/(\d{1,3})$/.exec(text) ?? [];
  const prefix = Number(digits);
  return isIP(base) !== 0 && prefix <= (isIP(base) === 4 ? 32 : 128) ? { base, prefix } : undefined;
}

/** False for whatever is no address. */
export function isWithin(address: string, { base, prefix }: Cidr): boolean {
  if (isIP(address) === 0) return false;
  const network = new BlockList();
  network.addSubnet(base, prefix, familyOf(base));
  return network.check(address, familyOf(address));
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');
