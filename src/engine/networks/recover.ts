import { release, releaseAbandoned } from './detach.ts';
import { addressesOf } from './endpoint.ts';
import type { SandboxRecord } from './record.ts';
import type { NetworksState } from './state.ts';

/**
 * Takes over what an earlier life of the engine left: addresses and ports of every recorded sandbox are
 * theirs again. What of it still runs is known later (`recover`).
 */
export async function adoptSandboxes(state: NetworksState): Promise<void> {
  for (const { id, record } of state.sandboxRecords.all()) {
    state.sandboxes.set(id, record);
    await adopt(state, record);
  }
}

async function adopt(state: NetworksState, record: SandboxRecord): Promise<void> {
  const { containerId, containerName } = record;
  for (const endpoint of record.endpoints) {
    if (endpoint.address === '') continue;
    state.networks.get(endpoint.networkId)?.bridge?.adopt(endpoint);
    const target = { containerId, containerName, endpointId: endpoint.endpointId, ...addressesOf(endpoint) };
    state.ports.adopt(target, record.ports);
  }
}

/** Ends the sandboxes of containers that no longer run. */
export async function recover(state: NetworksState, alive: ReadonlySet<string>): Promise<void> {
  const dead = [...state.sandboxes.values()].filter(
    (record) => !record.abandoned && !alive.has(record.containerId),
  );
  // Those that joined another's namespace first: then nothing is abandoned on the way.
  const joinedFirst = dead.toSorted(
    (a, b) => Number(b.mode === 'container') - Number(a.mode === 'container'),
  );
  for (const record of joinedFirst) {
    using _lock = await state.locks.acquire(record.containerId);
    if (state.sandboxes.get(record.containerId) === record) await release(state, record);
  }
  for (const record of state.sandboxes.values().toArray()) {
    if (record.abandoned) await releaseAbandoned(state, record.sandboxId);
  }
}
