import { hostPortOf, tryHold } from './holding.ts';
import { followLoopback6 } from './loopback6.ts';
import type { PublishedPort, PublishTarget } from './port.ts';
import type { PortsState } from './ports.ts';
import { elementsOf } from './rules.ts';

/** What was published before: ours again beside what the container has, and forwarded whatever happens. */
export function adopt(state: PortsState, target: PublishTarget, ports: readonly PublishedPort[]): void {
  const loopback6 = followLoopback6(state);
  const held = groupsOf(ports).map((group) => {
    const translated = group.filter(({ hostPort }) => hostPort !== 0);
    state.allocator.claim(target.containerId, translated.map(hostPortOf));
    return { ports: group, hold: tryHold(state, target, group, loopback6) };
  });
  const before = state.published.get(target.containerId)?.held ?? [];
  if (held.length > 0) state.published.set(target.containerId, { target, held: [...before, ...held] });
  state.firewall.change({ add: elementsOf(target, ports) });
}

/** The two families of one binding are held together. */
function groupsOf(ports: readonly PublishedPort[]): PublishedPort[][] {
  const groups = Map.groupBy(ports, ({ protocol, hostIp, hostPort, containerPort }) => {
    const everywhere = hostIp === '0.0.0.0' || hostIp === '::';
    return `${protocol} ${hostPort} ${containerPort} ${everywhere ? '' : hostIp}`;
  });
  return [...groups.values()].map((group) => group.toSorted((a, b) => (a.hostIp < b.hostIp ? -1 : 1)));
}
