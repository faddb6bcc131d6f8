import { messageOf } from '#lib/errors';
import { release, releaseAbandoned } from './detach.ts';
import { chooseGateways, NO_GATEWAYS } from './gateway.ts';
import { adoptNames } from './names.ts';
import { switchRoutes, unplug } from './plug.ts';
import { publishTarget } from './publish-target.ts';
import type { SandboxRecord } from './record.ts';
import type { NetworksState } from './state.ts';

/**
 * Takes over what an earlier life of the engine left: addresses and ports of every recorded sandbox are
 * theirs again. What of it still runs is known later (`recover`).
 */
export async function adoptSandboxes(state: NetworksState): Promise<void> {
  for (const record of state.sandboxes.values().toArray()) await adopt(state, await settle(state, record));
}

/** Takes away what was being connected or disconnected when the engine ended. */
async function settle(state: NetworksState, record: SandboxRecord): Promise<SandboxRecord> {
  const { netns, endpoints } = record;
  const halfDone = endpoints.filter(({ pending }) => pending);
  if (halfDone.length === 0) return record;
  const settled = { ...record, endpoints: endpoints.filter(({ pending }) => !pending) };
  if (netns !== undefined) {
    try {
      for (const endpoint of halfDone) await unplug(state.worker, netns, endpoint);
      // It may have been the gateway for a moment, or not any more.
      await switchRoutes(state.worker, netns, NO_GATEWAYS, chooseGateways(settled.endpoints));
    } catch (error) {
      state.options.log.warn('could not take a container off a network', {
        container: record.containerId,
        error: messageOf(error),
      });
    }
  }
  state.sandboxes.save(settled);
  return settled;
}

async function adopt(state: NetworksState, record: SandboxRecord): Promise<void> {
  for (const endpoint of record.endpoints) {
    if (endpoint.interface !== '') state.networks.get(endpoint.networkId)?.addresses.adopt(endpoint);
  }
  const target = publishTarget(state, record);
  if (target) state.ports.adopt(target, record.ports);
  await adoptNames(state, record);
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
