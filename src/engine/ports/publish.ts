import { messageOf, systemError } from '#lib/errors';
import { bind } from './bind.ts';
import { followLoopback6 } from './loopback6.ts';
import type { PortBinding, PublishedPort, PublishTarget } from './port.ts';
import type { Held, PortsState } from './ports.ts';
import { elementsOf } from './rules.ts';
import { release } from './unpublish.ts';

/** All or none; beside what the container has published already. @throws invalid, system */
export function publish(
  state: PortsState,
  target: PublishTarget,
  bindings: readonly PortBinding[],
): PublishedPort[] {
  const held: Held[] = [];
  try {
    const loopback6 = bindings.length > 0 && followLoopback6(state);
    for (const binding of bindings) held.push(bind(state, target, binding, loopback6));
    const ports = held.flatMap((each) => each.ports);
    state.firewall.change({ add: elementsOf(target, ports) });
    const before = state.published.get(target.containerId)?.held ?? [];
    if (held.length > 0) state.published.set(target.containerId, { target, held: [...before, ...held] });
    return ports;
  } catch (error) {
    for (const each of held) release(state, target.containerId, each);
    const endpoint = `${target.containerName} (${target.endpointId})`;
    const reason = `driver failed programming external connectivity on endpoint ${endpoint}: ${messageOf(error)}`;
    throw systemError(reason, error);
  }
}
