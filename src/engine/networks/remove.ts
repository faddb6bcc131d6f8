import { codeOf, forbidden, messageOf } from '#lib/errors';
import { parseTime } from '#lib/time';
import { PREDEFINED } from './default-networks.ts';
import { findNetwork } from './find.ts';
import type { BridgeRecord, NetworkRecord } from './record.ts';
import { applyBridges, endpointsOf, type NetworksState } from './state.ts';

/** @throws notFound, forbidden (predefined, in use) */
export async function remove(state: NetworksState, reference: string): Promise<void> {
  const { record, bridge } = findNetwork(state, reference);
  if (PREDEFINED.has(record.name)) {
    throw forbidden(`${record.name} is a pre-defined network and cannot be removed`);
  }
  if (bridge && bridge.leases > 0) {
    const users = [...endpointsOf(state, record.id).values()].map(({ dnsNames }) => dnsNames[0]);
    throw forbidden(
      `error while removing network: network ${record.name} has active endpoints (${users.join(', ')})`,
    );
  }
  await drop(state, record);
}

/** Removes the user-defined networks that no running container is on. Returns their names. */
export async function prune(
  state: NetworksState,
  options: { matchesLabels?: (labels: Readonly<Record<string, string>>) => boolean; until?: bigint },
): Promise<string[]> {
  const removed: string[] = [];
  for (const { record, bridge } of state.networks.values().toArray()) {
    if (PREDEFINED.has(record.name) || (bridge && bridge.leases > 0)) continue;
    if (options.matchesLabels && !options.matchesLabels(record.labels)) continue;
    if (options.until !== undefined && (parseTime(record.created) ?? 0n) >= options.until) continue;
    await drop(state, record);
    removed.push(record.name);
  }
  return removed;
}

async function drop(state: NetworksState, record: NetworkRecord): Promise<void> {
  state.options.database.transaction(() => {
    state.networkRecords.delete(record.id);
    state.options.events.publish('network', 'destroy', record.id, { name: record.name, type: record.driver });
  });
  state.networks.delete(record.id);
  applyBridges(state);
  if (record.bridge) await destroyBridge(state, record.bridge);
}

/** Deletes a bridge of ours; a missing one is fine. In the worker: the kernel takes its time. */
export async function destroyBridge(
  state: Pick<NetworksState, 'worker' | 'options'>,
  bridge: BridgeRecord,
): Promise<void> {
  if (!bridge.ours) return;
  try {
    await state.worker.netlink(undefined, [{ op: 'link-del', name: bridge.name }]);
  } catch (error) {
    if (codeOf(error) === 'ENODEV') return;
    state.options.log.warn('could not delete a bridge', { bridge: bridge.name, error: messageOf(error) });
  }
}
