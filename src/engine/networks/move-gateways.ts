import type { PublishedPort } from '#engine/ports';
import type { Scope } from '#lib/scope';
import { chooseGateways } from './gateway.ts';
import { switchRoutes } from './plug.ts';
import { publishTarget } from './publish-target.ts';
import type { SandboxRecord } from './record.ts';
import type { NetworksState } from './state.ts';

/**
 * The endpoints of a sandbox change: its default routes and published ports follow the gateway. Returns the ports
 * in force now.
 * @throws system when a port is not to be had
 */
export async function moveGateways(
  state: NetworksState,
  before: SandboxRecord,
  after: SandboxRecord,
  scope: Scope,
): Promise<readonly PublishedPort[]> {
  const { netns } = before;
  if (netns !== undefined) {
    const [from, to] = [chooseGateways(before.endpoints), chooseGateways(after.endpoints)];
    scope.defer(() => switchRoutes(state.worker, netns, to, from));
    await switchRoutes(state.worker, netns, from, to);
  }
  scope.defer(() => void movePorts(state, after, before));
  return movePorts(state, before, after);
}

/** With the last gateway the ports go; they are back with the next one. */
function movePorts(
  { networks, ports }: NetworksState,
  before: SandboxRecord,
  after: SandboxRecord,
): readonly PublishedPort[] {
  const target = publishTarget({ networks }, after);
  if (!target) {
    ports.unpublish(after.containerId);
    return [];
  }
  if (publishTarget({ networks }, before)) return ports.move(target);
  return ports.publish(target, after.bindings);
}
