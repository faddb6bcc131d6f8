import { messageOf } from '#lib/errors';
import { addressesOf, announce } from './endpoint.ts';
import type { SandboxRecord } from './record.ts';
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
  state.ports.unpublish(record.containerId);
  const abandoned = record.mode !== 'container' && hasJoiners(state, record);
  state.options.database.transaction(() => {
    state.sandboxRecords.delete(record.containerId);
    if (abandoned) state.sandboxRecords.put(record.sandboxId, abandon(record));
    announce(state, 'disconnect', record);
  });
  state.sandboxes.delete(record.containerId);
  if (abandoned) state.sandboxes.set(record.sandboxId, abandon(record));
  else if (record.mode === 'container') await releaseAbandoned(state, record.sandboxId);
  else await dismantle(state, record);
}

const abandon = (record: SandboxRecord): SandboxRecord => ({ ...record, ports: [], abandoned: true });

const hasJoiners = (state: NetworksState, owner: SandboxRecord): boolean =>
  state.sandboxes.values().some((record) => record.joins === owner.sandboxId);

/** Ends a sandbox whose owner is gone, once nobody else is in it. */
export async function releaseAbandoned(state: NetworksState, sandboxId: string): Promise<void> {
  const owner = state.sandboxes.get(sandboxId);
  if (!owner?.abandoned || hasJoiners(state, owner)) return;
  state.sandboxRecords.delete(sandboxId);
  state.sandboxes.delete(sandboxId);
  await dismantle(state, owner);
}

async function dismantle(state: NetworksState, record: SandboxRecord): Promise<void> {
  if (record.netns !== undefined) {
    try {
      await state.worker.removeNetns(record.netns);
    } catch (error) {
      // The next start of the engine sweeps it; the container's end must not fail on it.
      state.options.log.warn('could not remove a network namespace', {
        path: record.netns,
        error: messageOf(error),
      });
    }
  }
  for (const endpoint of record.endpoints) {
    if (endpoint.address !== '')
      state.networks.get(endpoint.networkId)?.bridge?.release(addressesOf(endpoint));
  }
}
