import { codeOf, forbidden, messageOf } from '#lib/errors';
import { Scope } from '#lib/scope';
import { parseTime } from '#lib/time';
import { ensureBridge } from './bridge.ts';
import { PREDEFINED } from './default-networks.ts';
import { findNetwork } from './find.ts';
import type { BridgeRecord } from './record.ts';
import { applyBridges, endpointsOf, type KnownNetwork, type NetworksState } from './state.ts';

/** @throws notFound, forbidden (predefined, in use) */
export async function remove(state: NetworksState, reference: string): Promise<void> {
  const known = findNetwork(state, reference);
  const { record, bridge } = known;
  if (PREDEFINED.has(record.name)) {
    throw forbidden(`${record.name} is a pre-defined network and cannot be removed`);
  }
  if (bridge && bridge.leases > 0) {
    const users = [...endpointsOf(state, record.id).values()].map(({ dnsNames }) => dnsNames[0]);
    throw forbidden(
      `error while removing network: network ${record.name} has active endpoints (${users.join(', ')})`,
    );
  }
  await drop(state, known);
}

/** Removes the user-defined networks that no running container is on. Returns their names. */
export async function prune(
  state: NetworksState,
  options: { matchesLabels?: (labels: Readonly<Record<string, string>>) => boolean; until?: bigint },
): Promise<string[]> {
  const removed: string[] = [];
  for (const known of state.networks.values().toArray()) {
    const { record, bridge } = known;
    if (PREDEFINED.has(record.name) || (bridge && bridge.leases > 0)) continue;
    if (options.matchesLabels && !options.matchesLabels(record.labels)) continue;
    if (options.until !== undefined && (parseTime(record.created) ?? 0n) >= options.until) continue;
    await drop(state, known);
    removed.push(record.name);
  }
  return removed;
}

/** The record goes last: an engine that ends in between leaves a network that is there, not a bridge that nobody knows. */
async function drop(state: NetworksState, known: KnownNetwork): Promise<void> {
  const { record } = known;
  await using scope = new Scope();
  state.networks.delete(record.id);
  scope.defer(() => {
    state.networks.set(record.id, known);
    if (record.bridge) ensureBridge(state.route, record.bridge, state.options.log);
    applyBridges(state);
  });
  applyBridges(state);
  if (record.bridge) await destroyBridge(state, record.bridge);
  state.options.database.transaction(() => {
    state.networkRecords.delete(record.id);
    state.options.events.publish('network', 'destroy', record.id, { name: record.name, type: record.driver });
  });
  scope.keep();
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
