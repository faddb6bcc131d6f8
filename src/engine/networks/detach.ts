import { messageOf } from '#lib/errors';
import { announceAll, releaseEndpoint } from './endpoint.ts';
import { withdrawNames } from './names.ts';
import { removeNamespace } from './netns.ts';
import { unplug } from './plug.ts';
import type { SandboxRecord } from './record.ts';
import type { Endpoint } from './sandbox.ts';
import type { NetworksState } from './state.ts';

/** Undoes an attach. A container without a sandbox is fine. */
export async function detach(state: NetworksState, containerId: string): Promise<void> {
  using _lock = await state.locks.acquire(containerId);
  const record = state.sandboxes.get(containerId);
  if (record) await release(state, record);
}

/**
 * Frees the ports, forgets the record, ends the namespace. Containers that joined it may live on:
 * then namespace and addresses stay until the last of them has gone.
 */
export async function release(state: NetworksState, record: SandboxRecord): Promise<void> {
  // Before anything that waits: who heard of the container's end may ask for its ports at once.
  state.ports.unpublish(record.containerId);
  await withdrawNames(state, record, record.endpoints);
  const abandoned = record.mode !== 'container' && state.sandboxes.joinersOf(record.sandboxId).length > 0;
  const heir: SandboxRecord | undefined = abandoned ? { ...record, ports: [], abandoned: true } : undefined;
  state.sandboxes.delete(record, heir, () => announceAll(state, 'disconnect', record));
  if (abandoned) return;
  if (record.mode === 'container') await releaseAbandoned(state, record.sandboxId);
  else await dismantle(state, record);
}

/** Ends a sandbox whose owner is gone, once nobody else is in it. */
export async function releaseAbandoned(state: NetworksState, sandboxId: string): Promise<void> {
  const owner = state.sandboxes.owner(sandboxId);
  if (!owner?.abandoned || state.sandboxes.joinersOf(sandboxId).length > 0) return;
  state.sandboxes.delete(owner);
  await dismantle(state, owner);
}

async function dismantle(state: NetworksState, record: SandboxRecord): Promise<void> {
  if (record.netns !== undefined) {
    try {
      await unplugShared(state, record.netns, record.endpoints);
      await removeNamespace(state, { sandboxId: record.sandboxId, netns: record.netns });
    } catch (error) {
      // The next start of the engine sweeps it; the container's end must not fail on it.
      state.options.log.warn('could not remove a network namespace', {
        path: record.netns,
        error: messageOf(error),
      });
    }
  }
  for (const endpoint of record.endpoints) releaseEndpoint(state, endpoint);
}

/**
 * A namespace ends some time after it was let go of. A link on a wire of the host is in the way of the next until
 * then: of one with the same address, and of any on a wire that is passed through.
 */
async function unplugShared(
  state: NetworksState,
  netns: string,
  endpoints: readonly Endpoint[],
): Promise<void> {
  for (const endpoint of endpoints) {
    const parent = state.networks.get(endpoint.networkId)?.record.parent;
    if (parent && endpoint.interface !== '') await unplug(state.worker, netns, endpoint);
  }
}
