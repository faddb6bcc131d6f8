import { forbidden } from '#lib/errors';
import { Scope } from '#lib/scope';
import { parseTime } from '#lib/time';
import { hasDependants } from './config-network.ts';
import { PREDEFINED } from './default-networks.ts';
import { destroyNetwork, ensureNetwork, quietBridge } from './drivers/index.ts';
import type { KnownNetwork } from './network-table.ts';
import type { NetworkRecord } from './record.ts';
import { addBridge, endpointsOf, type NetworksState } from './state.ts';

const BRIDGE_NAME = 'com.docker.network.bridge.name';

/**
 * The network is gone when this resolves. A bridge that its creator has given a name is gone from the host, too;
 * others are at rest, and go in the background.
 * @throws notFound, forbidden (predefined, in use)
 */
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
  // Nobody knows the name of the others, nor can be waiting for it.
  if (record.options[BRIDGE_NAME]) await state.leaving.go(record);
  else state.leaving.later(record);
}

/**
 * Removes the user-defined networks that no running container is on. Returns their names. What the kernel needs its
 * time for is done afterwards.
 */
export async function prune(
  state: NetworksState,
  options: { matchesLabels?: (labels: Readonly<Record<string, string>>) => boolean; until?: bigint },
): Promise<string[]> {
  const removed: NetworkRecord[] = [];
  const isAsked = ({ record }: KnownNetwork): boolean =>
    !PREDEFINED.has(record.name) &&
    (options.matchesLabels?.(record.labels) ?? true) &&
    (options.until === undefined || (parseTime(record.created) ?? 0n) < options.until);
  const dropUnused = async (known: KnownNetwork): Promise<void> => {
    if (known.addresses.leases > 0 || hasDependants(state, known.record)) return;
    await drop(state, known);
    removed.push(known.record);
  };
  const asked = state.networks.values().filter(isAsked).toArray();
  const [settings, networks] = [true, false].map((of) =>
    asked.filter(({ record }) => record.configOnly === of),
  );
  try {
    // Settings last: networks depend on them.
    for (const some of [...chunks(networks ?? []), ...chunks(settings ?? [])]) {
      await Promise.all(some.map(dropUnused));
    }
  } finally {
    // Not before: what is left of this one would wait for the kernel to delete links.
    for (const record of removed) state.leaving.later(record);
  }
  state.options.events.publish('network', 'prune', '', { reclaimed: '0' });
  return removed.map(({ name }) => name);
}

/** So many are removed at once: each waits for other threads more than it works. */
const AT_ONCE = 32;

const chunks = (all: readonly KnownNetwork[]): KnownNetwork[][] =>
  Array.from({ length: Math.ceil(all.length / AT_ONCE) }, (_, index) =>
    all.slice(index * AT_ONCE, (index + 1) * AT_ONCE),
  );

/**
 * The record goes last: an engine that ends in between leaves a network that is there, not a bridge that nobody knows.
 * A bridge is on record as leaving from then on.
 */
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
  if (record.bridge) await quietBridge(state, record);
  else if (!bequeathParent(state, record)) await destroyNetwork(state, record);
  await state.dns.removeNetwork(record.id);
  state.options.database.transaction(() => {
    if (record.bridge) state.leaving.note(record);
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
