import { isIPv4 } from 'node:net';

/** 127.0.0.0/8, ::1 and localhost, for which Docker needs no TLS. A host without its port. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return name === 'localhost' || name === '::1' || (isIPv4(name) && name.startsWith('127.'));
}
