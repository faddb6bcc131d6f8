/** Something that /proc/net/route and /proc/net/ipv6_route (proc_net(5)) say leads to all other hosts. */
export function hasDefaultRoute(ipv4: string, ipv6: string): boolean {
  return routes(ipv4).some(isDefault4) || routes(ipv6).some(isDefault6);
}

const routes = (text: string): string[][] => text.split('\n').map((line) => line.trim().split(/\s+/));

/** Interface, destination, gateway, flags, count, use, metric, mask. */
const isDefault4 = ([, destination, , , , , , mask]: string[]): boolean =>
  destination === '00000000' && mask === '00000000';

/** Destination, length, source, its length, next hop, metric, count, use, flags, interface. The kernel's own refusal stands at `lo`. */
const isDefault6 = ([destination, length, , , , , , , , device]: string[]): boolean =>
  destination === '0'.repeat(32) && length === '00' && device !== 'lo';
