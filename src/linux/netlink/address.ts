import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { invalid } from '#lib/errors';

export const AF_INET = 2;
export const AF_INET6 = 10;

export interface RawAddress {
  readonly family: number;
  /** 4 or 16 bytes, network order. */
  readonly bytes: Buffer;
}

/** An IP address in its usual spelling, without zone. @throws invalid */
export function parseAddress(text: string): RawAddress {
  const version = isIP(text);
  if (version === 0 || text.includes('%')) throw invalid(`invalid IP address: ${text}`);
  return { family: version === 4 ? AF_INET : AF_INET6, bytes: Buffer.from(ipaddr.parse(text).toByteArray()) };
}

/** The shortest spelling of 4 or 16 bytes. */
export const formatAddress = (bytes: Uint8Array): string => ipaddr.fromByteArray([...bytes]).toString();

/** The IPv4 broadcast address of a subnet; undefined where there is none (/31, /32, IPv6). */
export function broadcast({ family, bytes }: RawAddress, prefix: number): Buffer | undefined {
  if (family !== AF_INET || prefix > 30) return undefined;
  const result = Buffer.alloc(4);
  // 2 ** 32 - 1 >>> prefix: a shift by 32 would be a shift by 0.
  result.writeUInt32BE((bytes.readUInt32BE(0) | (prefix === 0 ? 0xffffffff : 0xffffffff >>> prefix)) >>> 0);
  return result;
}

/** `02:42:ac:11:00:02` -> 6 bytes. @throws invalid */
export function parseMac(text: string): Buffer {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) throw invalid(`invalid MAC address: ${text}`);
  return Buffer.from(text.replaceAll(':', ''), 'hex');
}

export const formatMac = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
