import { messageOf } from '#lib/errors';
import { hold, hostPortOf, textOfPort } from './holding.ts';
import type { PublishedPort, PublishTarget } from './port.ts';
import type { Held, PortsState } from './ports.ts';
import { elementsOf } from './rules.ts';

/** What was published before: ours again beside what the container has, and forwarded whatever happens. */
export function adopt(state: PortsState, target: PublishTarget, ports: readonly PublishedPort[]): void {
  const held = groupsOf(ports).map((group) => adoptOne(state, target, group));
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

function adoptOne(state: PortsState, target: PublishTarget, ports: PublishedPort[]): Held {
  const translated = ports.filter(({ hostPort }) => hostPort !== 0);
  state.allocator.claim(target.containerId, translated.map(hostPortOf));
  return { ports, hold: tryHold(state, target, translated) };
}

export function tryHold(
  state: PortsState,
  target: PublishTarget,
  ports: readonly PublishedPort[],
): Disposable {
  try {
    const loopback6 = state.firewall.carriesLoopback6();
    return hold(target, ports, { loopback6, outside: state.outside });
  } catch (error) {
    // Somebody took it while no engine ran. The kernel's forwarding comes first, so the container goes on.
    state.log.warn('another program listens on a published port', {
      port: ports.map((port) => `${textOfPort(hostPortOf(port))}/${port.protocol}`).join(', '),
      error: messageOf(error),
    });
    return new DisposableStack();
  }
}
