import { AF_INET, parseAddress } from '../netlink/address.ts';

/** `struct sockaddr_in` or `sockaddr_in6` of an address without zone. @throws invalid */
export function inetAddress(address: string, port: number): Buffer {
  const { family, bytes } = parseAddress(address);
  // { u16 family; be16 port; [be32 flow label;] address; [u32 scope] }
  const encoded = Buffer.alloc(family === AF_INET ? 16 : 28);
  encoded.writeUInt16LE(family, 0);
  encoded.writeUInt16BE(port, 2);
  bytes.copy(encoded, family === AF_INET ? 4 : 8);
  return encoded;
}
