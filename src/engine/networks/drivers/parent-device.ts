import { codeOf, invalid, unsupported } from '#lib/errors';
import type { RouteSocket } from '#linux/netlink';
import type { NetworkRecord, ParentRecord } from '../record.ts';
import type { NetworksState } from '../state.ts';
import { type ParentDriver, parentOf, vlanOf } from './parent-options.ts';

/**
 * The parent of a new network, and whether it is there or ours to make.
 * @throws invalid, unsupported where the kernel has no such links
 */
export function planParent(
  route: RouteSocket,
  driver: ParentDriver,
  options: Readonly<Record<string, string>>,
  id: string,
): ParentRecord {
  const parent = parentOf(driver, options, id);
  if (!route.knowsLinks(driver)) throw missingDriver(driver);
  if (!options['parent']) return { ...parent, made: 'dummy' };
  const present = route.link(parent.name);
  if (present?.name === 'lo') throw invalid(`loopback interface is not a valid ${driver} parent link`);
  if (present) return parent;
  const made = vlanOf(parent.name);
  if (!route.link(made.of)) {
    throw invalid(`the requested parent interface ${made.of} was not found on the host`);
  }
  if (!route.knowsLinks('vlan')) throw missingDriver('8021q');
  return { ...parent, made };
}

const missingDriver = (module: string) =>
  unsupported(`this kernel has no ${module} links: load the kernel module ${module}, or use another driver`);

/** Makes a parent of ours where it is missing, and brings it up. Safe to repeat. */
export function ensureParent(route: RouteSocket, { parent }: NetworkRecord): void {
  if (!parent?.made) return;
  const { name, made } = parent;
  if (!route.link(name)) {
    if (made === 'dummy') addDummy(route, name);
    else route.send([{ op: 'link-add-vlan', name, parent: made.of, id: made.vlan }]);
  }
  route.send([{ op: 'link-up', name }]);
}

/** A wire that leads nowhere. A bridge without ports is one, too, where the kernel has no dummy links. */
function addDummy(route: RouteSocket, name: string): void {
  try {
    route.send([{ op: 'link-add-dummy', name }]);
  } catch (error) {
    if (codeOf(error) !== 'EOPNOTSUPP') throw error;
    route.send([{ op: 'link-add-bridge', name }]);
  }
}

/** Deletes a parent that we have made; a missing one is fine. */
export async function destroyParent(
  { worker }: Pick<NetworksState, 'worker'>,
  { name, made }: ParentRecord,
): Promise<void> {
  if (made) await worker.netlink(undefined, [{ op: 'link-del', name }], { ignore: ['ENODEV'] });
}
