import { AF_INET, AF_INET6, parseAddress, type RawAddress } from '../netlink/address.ts';

/** What a thousand published ports are bound to. */
const EVERY: Readonly<Record<string, RawAddress>> = {
  '0.0.0.0': { family: AF_INET, bytes: Buffer.alloc(4) },
  '::': { family: AF_INET6, bytes: Buffer.alloc(16) },
};

/** `struct sockaddr_in` or `sockaddr_in6` of an address without zone. @throws invalid */
export function inetAddress(address: string, port: number): Buffer {
  const { family, bytes } = EVERY[address] ?? parseAddress(address);
  // { u16 family; be16 port; [be32 flow label;] address; [u32 scope] }
  const encoded = Buffer.alloc(family === AF_INET ? 16 : 28);
  encoded.writeUInt16LE(family, 0);
  encoded.writeUInt16BE(port, 2);
  bytes.copy(encoded, family === AF_INET ? 4 : 8);
  return encoded;
}
