import { readFileSync } from 'node:fs';

/** First and last port that the kernel picks from by itself. */
export function ephemeralRange(): { first: number; last: number } {
  const text = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8');
  const [first = 32768, last = 60999] = text.trim().split(/\s+/).map(Number);
  return { first, last };
}
