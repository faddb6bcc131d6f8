import { isIP } from 'node:net';
import { messageOf } from '#lib/errors';
import { flushConntrack } from '#linux/netlink';
import { hostPortOf } from './holding.ts';
import type { PublishedPort, PublishTarget } from './port.ts';
import type { Held, PortsState } from './ports.ts';
import { elementsOf } from './rules.ts';

/** The container's ports that `which` names are nobody's when this returns; returns them. */
export function unpublish(
  state: PortsState,
  containerId: string,
  which: (port: PublishedPort) => boolean,
): PublishedPort[] {
  const known = state.published.get(containerId);
  if (!known) return [];
  const going = known.held.filter(({ ports }) => ports.some(which));
  const staying = known.held.filter((each) => !going.includes(each));
  const ports = going.flatMap((each) => each.ports);
  if (ports.length === 0) return [];
  state.firewall.change({ remove: elementsOf(known.target, ports) });
  if (staying.length === 0) state.published.delete(containerId);
  else state.published.set(containerId, { ...known, held: staying });
  for (const each of going) release(state, containerId, each);
  forgetFlows(state, known.target, ports, { all: staying.length === 0 });
  return ports;
}

export function release(state: PortsState, containerId: string, { ports, hold }: Held): void {
  hold[Symbol.dispose]();
  for (const port of ports) state.allocator.release(containerId, hostPortOf(port));
}

/** Of one container at once; after that its whole address is forgotten, which costs as much as one port. */
const FEW = 16;

const PROTOCOLS = { udp: 17, sctp: 132, tcp: 6 } as const;

/** A flow without connections goes on to the old address for as long as packets come: conntrack must forget it. */
export function forgetFlows(
  state: PortsState,
  target: PublishTarget,
  ports: readonly PublishedPort[],
  options: { all: boolean },
): void {
  const connectionless = ports.filter(({ protocol, hostPort }) => protocol !== 'tcp' && hostPort !== 0);
  const byFamily = Map.groupBy(connectionless, ({ hostIp }) => isIP(hostIp));
  for (const [family, members] of byFamily) {
    const address = family === 6 ? target.address6 : target.address;
    if (address === undefined) continue;
    try {
      if (options.all || members.length > FEW) flushConntrack(address);
      else {
        for (const { protocol, hostPort, containerPort } of members) {
          const ports = { protocol: PROTOCOLS[protocol], original: hostPort, forwarded: containerPort };
          flushConntrack(address, ports);
        }
      }
    } catch (error) {
      state.log.warn('could not flush conntrack', { address, error: messageOf(error) });
    }
  }
}
