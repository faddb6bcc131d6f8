import { conflict, forbidden } from '#lib/errors';
import { Scope } from '#lib/scope';
import { addHosts } from './container-files.ts';
import { announce, leaseEndpoint, releaseEndpoint, sandboxOf } from './endpoint.ts';
import { moveGateways } from './move-gateways.ts';
import { publishNames, withdrawNames } from './names.ts';
import { plugIn, unplug } from './plug.ts';
import type { SandboxRecord } from './record.ts';
import type { EndpointOptions, Sandbox } from './sandbox.ts';
import type { NetworksState } from './state.ts';

/**
 * Puts a running container on one more network. All or nothing; whatever the moment of a crash, the next life
 * of the engine finds the container on the network as a whole, or not at all.
 * @throws notFound, conflict (not running), forbidden (on it already, address in use), invalid, system
 */
export async function connect(
  state: NetworksState,
  containerId: string,
  options: EndpointOptions,
): Promise<Sandbox> {
  using _lock = await state.locks.acquire(containerId);
  const before = state.sandboxes.get(containerId);
  if (before?.netns === undefined || before.mode !== 'private') {
    throw conflict(`container ${containerId} has no network of its own now`);
  }
  const { netns } = before;
  const known = state.networks.find(options.network);
  checkFree(before, known.record);
  await using scope = new Scope();
  const endpoint = leaseEndpoint(before, known, options, before.endpoints);
  scope.defer(() => releaseEndpoint(state, endpoint));
  // On record before it is there: after a crash it is known whose it is.
  const intent = { ...before, endpoints: [...before.endpoints, { ...endpoint, pending: true }] };
  state.sandboxes.save(intent);
  scope.defer(() => state.sandboxes.save(before));
  scope.defer(() => unplug(state.worker, netns, endpoint));
  await plugIn(state.worker, netns, [{ network: known.record, endpoint }]);
  const connected = { ...before, endpoints: [...before.endpoints, endpoint] };
  const ports = await moveGateways(state, before, connected, scope);
  addHosts(connected, endpoint);
  const record = { ...connected, ports };
  scope.defer(async () => {
    await withdrawNames(state, record, [endpoint]);
    await publishNames(state, before);
  });
  await publishNames(state, record);
  state.sandboxes.save(record, () => announce(state, 'connect', record, endpoint));
  scope.keep();
  return sandboxOf(state, record);
}

function checkFree(sandbox: SandboxRecord, network: { id: string; name: string }): void {
  if (sandbox.endpoints.some(({ networkId }) => networkId === network.id)) {
    throw forbidden(`endpoint with name ${sandbox.containerName} already exists in network ${network.name}`);
  }
}
