import { tryHold } from './holding.ts';
import { followLoopback6 } from './loopback6.ts';
import type { PublishedPort, PublishTarget } from './port.ts';
import type { PortsState } from './ports.ts';
import { elementsOf } from './rules.ts';
import { forgetFlows } from './unpublish.ts';

/**
 * Leads a container's ports to another of its endpoints: the same ports of the host, in one transaction. Returns
 * them.
 */
export function move(state: PortsState, target: PublishTarget): PublishedPort[] {
  const loopback6 = followLoopback6(state);
  const known = state.published.get(target.containerId);
  if (!known) return [];
  const ports = known.held.flatMap((each) => each.ports);
  state.firewall.change({ remove: elementsOf(known.target, ports), add: elementsOf(target, ports) });
  // What is relayed goes to addresses that the relay was made with.
  const held = known.held.map((each) => {
    each.hold[Symbol.dispose]();
    return { ports: each.ports, hold: tryHold(state, target, each.ports, loopback6) };
  });
  state.published.set(target.containerId, { target, held });
  forgetFlows(state, known.target, ports, { all: false });
  return ports;
}
