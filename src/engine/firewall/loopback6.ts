import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { codeOf } from '#lib/errors';
import type { RouteSocket } from '#linux/netlink';

/** RT_TABLE_LOCAL of rtnetlink(7). */
const LOCAL_TABLE = 255;
/** Worse than the kernel's own route for ::1 (metric 0), so that lookups for the host stay as they are. */
const FIRST_METRIC = 2048;

/**
 * Whether DNAT can carry a connection from [::1] to a container. With bridge netfilter on for
 * IPv6 it cannot: the answer then gets its destination ::1 back below the IPv6 layer, which drops
 * packets from a wire that carry the loopback address.
 */
export function canForwardLoopback6(): boolean {
  try {
    return readFileSync('/proc/sys/net/bridge/bridge-nf-call-ip6tables', 'utf8').trim() === '0';
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return true;
    throw error;
  }
}

/**
 * What route_localnet is to IPv4. The answer of a container arrives on the bridge for ::1, and the
 * kernel looks for a route of that address on that very interface.
 */
export function routeLoopback6(route: Pick<RouteSocket, 'send'>, bridge: string): void {
  // Routes to one destination differ by their metric: one of its own for each bridge, the same after a restart.
  const metric = FIRST_METRIC + (createHash('sha256').update(bridge).digest().readUInt32BE() % 0x1000000);
  route.send(
    [
      {
        op: 'route-add',
        destination: '::1',
        prefix: 128,
        name: bridge,
        type: 'local',
        table: LOCAL_TABLE,
        metric,
      },
    ],
    { ignore: ['EEXIST'] },
  );
}
