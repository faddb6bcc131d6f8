import { forbidden } from '#lib/errors';
import { Scope } from '#lib/scope';
import { parseTime } from '#lib/time';
import { hasDependants } from './config-network.ts';
import { PREDEFINED } from './default-networks.ts';
import { destroyNetwork, ensureNetwork } from './drivers/index.ts';
import type { KnownNetwork } from './network-table.ts';
import type { NetworkRecord } from './record.ts';
import { addBridge, endpointsOf, type NetworksState } from './state.ts';

/** @throws notFound, forbidden (predefined, in use) */
export async function remove(state: NetworksState, reference: string): Promise<void> {
  const known = state.networks.find(reference);
  const { record, addresses } = known;
  if (PREDEFINED.has(record.name)) {
    throw forbidden(`${record.name} is a pre-defined network and cannot be removed`);
  }
  if (addresses.leases > 0) {
    const users = [...endpointsOf(state, record.id)].map(
      ([id, { dnsNames }]) => `name:"${dnsNames[0] ?? ''}" id:"${id.slice(0, 12)}"`,
    );
    throw forbidden(
      `error while removing network: network ${record.name} has active endpoints (${users.join(', ')})`,
    );
  }
  if (hasDependants(state, record)) throw forbidden(`configuration network "${record.name}" is in use`);
  await drop(state, known);
}

/** Removes the user-defined networks that no running container is on. Returns their names. */
export async function prune(
  state: NetworksState,
  options: { matchesLabels?: (labels: Readonly<Record<string, string>>) => boolean; until?: bigint },
): Promise<string[]> {
  const removed: string[] = [];
  const settingsLast = state.networks
    .values()
    .toArray()
    .toSorted((a, b) => Number(a.record.configOnly) - Number(b.record.configOnly));
  for (const known of settingsLast) {
    const { record, addresses } = known;
    if (PREDEFINED.has(record.name) || addresses.leases > 0 || hasDependants(state, record)) continue;
    if (options.matchesLabels && !options.matchesLabels(record.labels)) continue;
    if (options.until !== undefined && (parseTime(record.created) ?? 0n) >= options.until) continue;
    await drop(state, known);
    removed.push(record.name);
  }
  state.options.events.publish('network', 'prune', '', { reclaimed: '0' });
  return removed;
}

/** The record goes last: an engine that ends in between leaves a network that is there, not a bridge that nobody knows. */
async function drop(state: NetworksState, known: KnownNetwork): Promise<void> {
  const { record } = known;
  await using scope = new Scope();
  state.networks.delete(known);
  scope.defer(() => {
    state.networks.add(known);
    ensureNetwork(state, record);
    addBridge(state, record);
  });
  if (record.bridge) state.firewall.removeBridge(record.bridge.name);
  if (!bequeathParent(state, record)) await destroyNetwork(state, record);
  await state.dns.removeNetwork(record.id);
  state.options.database.transaction(() => {
    state.networkRecords.delete(record.id);
    state.options.events.publish('network', 'destroy', record.id, { name: record.name, type: record.driver });
  });
  scope.keep();
}

/** A parent of our making that another network uses is that one's to delete. */
function bequeathParent(state: NetworksState, { parent }: NetworkRecord): boolean {
  if (!parent?.made) return false;
  const heir = state.networks.values().find(({ record }) => record.parent?.name === parent.name);
  if (!heir?.record.parent) return false;
  heir.record = { ...heir.record, parent: { ...heir.record.parent, made: parent.made } };
  state.networkRecords.put(heir.record.id, heir.record);
  return true;
}
