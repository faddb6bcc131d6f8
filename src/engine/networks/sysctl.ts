import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { codeOf } from '#lib/errors';
import type { Logger } from '#lib/log';

const ROOT = '/proc/sys/net';

function read(path: string): string | undefined {
  try {
    return readFileSync(`${ROOT}/${path}`, 'utf8').trim();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes only what differs: /proc/sys may be read-only where the host is prepared already. */
function write(path: string, value: string): void {
  if (read(path) !== value) writeFileSync(`${ROOT}/${path}`, value);
}

/** Whether this network namespace speaks IPv6 at all. */
export const hasIpv6 = (): boolean =>
  read('ipv6/conf/all/disable_ipv6') === '0' && read('ipv6/conf/default/disable_ipv6') === '0';

/**
 * Makes the host route between interfaces, which containers need to reach anything outside.
 * A host that forwards stops listening to router advertisements unless accept_ra is 2: interfaces
 * that listened before go on listening, or the host would lose its own IPv6 default route.
 */
export function enableForwarding(options: { ipv6: boolean; log: Logger }): void {
  if (read('ipv4/ip_forward') === '0') {
    write('ipv4/ip_forward', '1');
    options.log.info('enabled net.ipv4.ip_forward, which containers need to reach other hosts');
  }
  if (!options.ipv6 || read('ipv6/conf/all/forwarding') !== '0') return;
  for (const name of readdirSync(`${ROOT}/ipv6/conf`)) {
    if (name !== 'all' && read(`ipv6/conf/${name}/accept_ra`) === '1')
      write(`ipv6/conf/${name}/accept_ra`, '2');
  }
  write('ipv6/conf/all/forwarding', '1');
  options.log.info(
    'enabled net.ipv6.conf.all.forwarding, keeping router advertisements accepted (accept_ra=2)',
  );
}

/** Settings of a bridge that containers are on. */
export function prepareBridge(bridge: string, options: { ipv6: boolean; icc: boolean }): void {
  // Lets 127.0.0.1 of the host reach published ports; the firewall's guard chain closes what this opens.
  write(`ipv4/conf/${bridge}/route_localnet`, '1');
  // Its ports are kept apart in the bridge itself. Where a link lets one container reach another, it does so through
  // the host, which answers for all of them, and lets its rules decide.
  write(`ipv4/conf/${bridge}/proxy_arp_pvlan`, options.icc ? '0' : '1');
  if (!options.icc) write(`ipv4/neigh/${bridge}/proxy_delay`, '0');
  if (!options.ipv6) return;
  // A container must not be able to advertise itself to the host as its router.
  write(`ipv6/conf/${bridge}/accept_ra`, '0');
  write(`ipv6/conf/${bridge}/accept_redirects`, '0');
  // While the link-local address is tentative, for a second after the first container, nothing is forwarded to any.
  write(`ipv6/conf/${bridge}/accept_dad`, '0');
}
