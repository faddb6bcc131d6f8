import { invalid } from '#lib/errors';
import type { Lease } from './sandbox.ts';
import { parseAddress } from './subnet.ts';

/**
 * 02:42 and the last four bytes of the address, as Docker's bridge did: the same address has the same MAC
 * in every ARP cache.
 */
export function macOf({ address, address6 }: Pick<Lease, 'address' | 'address6'>): string {
  const value = parseAddress(address || (address6 ?? ''))?.value ?? 0n;
  const bytes = [24n, 16n, 8n, 0n].map((shift) => Number((value >> shift) & 255n));
  return ['02', '42', ...bytes.map((byte) => byte.toString(16).padStart(2, '0'))].join(':');
}

/** @throws invalid */
export function checkMac(text: string): string {
  const mac = text.toLowerCase().replaceAll('-', ':');
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac)) throw invalid(`invalid MAC address: ${text}`);
  if (Number.parseInt(mac.slice(0, 2), 16) & 1) {
    throw invalid(`invalid MAC address: ${text} is a multicast address, which an interface cannot have`);
  }
  return mac;
}
