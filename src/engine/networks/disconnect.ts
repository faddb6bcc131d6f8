import { systemError } from '#lib/errors';
import { Scope } from '#lib/scope';
import { removeHosts } from './container-files.ts';
import { announce, releaseEndpoint, sandboxOf } from './endpoint.ts';
import { moveGateways } from './move-gateways.ts';
import { publishNames, withdrawNames } from './names.ts';
import { unplug } from './plug.ts';
import type { Sandbox } from './sandbox.ts';
import type { NetworksState } from './state.ts';

/**
 * Takes a running container off a network.
 * @throws system when it is not on it
 */
export async function disconnect(
  state: NetworksState,
  containerId: string,
  networkId: string,
): Promise<Sandbox> {
  using _lock = await state.locks.acquire(containerId);
  const before = state.sandboxes.get(containerId);
  const endpoint = before?.endpoints.find((candidate) => candidate.networkId === networkId);
  if (!before || !endpoint) {
    const name = state.networks.get(networkId)?.record.name ?? networkId;
    throw systemError(`container ${containerId} is not connected to network ${name}`);
  }
  const others = before.endpoints.filter((candidate) => candidate !== endpoint);
  // On record before it goes: a crash leaves the rest to the next life of the engine.
  state.sandboxes.save({ ...before, endpoints: [...others, { ...endpoint, pending: true }] });
  await using scope = new Scope();
  scope.defer(() => state.sandboxes.save(before));
  const remaining = { ...before, endpoints: others };
  scope.defer(() => publishNames(state, before));
  await withdrawNames(state, before, [endpoint]);
  await publishNames(state, remaining);
  const ports = await moveGateways(state, before, remaining, scope);
  if (before.netns !== undefined) await unplug(state.worker, before.netns, endpoint);
  scope.keep();
  removeHosts(remaining, endpoint);
  const record = { ...remaining, ports };
  state.sandboxes.save(record, () => announce(state, 'disconnect', record, endpoint));
  releaseEndpoint(state, endpoint);
  return sandboxOf(state, record);
}
