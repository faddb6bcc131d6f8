import { messageOf } from '#lib/errors';
import { type Link, watchLinks } from '#linux/netlink';
import { ensureNetwork, portRequests } from './drivers/index.ts';
import { chooseGateways, NO_GATEWAYS } from './gateway.ts';
import { plugIn, switchRoutes } from './plug.ts';
import type { NetworkRecord, SandboxRecord } from './record.ts';
import type { Endpoint } from './sandbox.ts';
import { addBridge, type NetworksState } from './state.ts';

/** Interfaces go in bursts: a bridge, and each link of a namespace that ends. Milliseconds. */
const SETTLING_MS = 100;

/** Puts back whatever of ours another program deletes: bridges, parents, ends of veth pairs. */
export function watchInterfaces(state: NetworksState): Disposable {
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  const watch = watchLinks((names) => {
    if (timer || !isOurs(state, names)) return;
    timer = setTimeout(() => {
      timer = undefined;
      running = running.then(() => repair(state));
    }, SETTLING_MS).unref();
  });
  return {
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      watch[Symbol.dispose]();
    },
  };
}

/** What a container's end or our own removal takes away is on nobody's record any more. */
function isOurs({ networks, sandboxes }: NetworksState, names: ReadonlySet<string> | undefined): boolean {
  if (!names) return true;
  const isDevice = networks
    .values()
    .some(({ record }) => names.has(record.bridge?.name ?? '') || names.has(record.parent?.name ?? ''));
  return (
    isDevice ||
    sandboxes.values().some(({ endpoints }) => endpoints.some((each) => names.has(each.hostInterface ?? '')))
  );
}

/** Compares what is recorded with what is there, and makes what is missing. Never fails. */
export async function repair(state: NetworksState): Promise<void> {
  try {
    const present = new Map(state.route.links().map((link) => [link.name, link]));
    const remade = remakeDevices(state, present);
    const links = remade.size > 0 ? new Map(state.route.links().map((link) => [link.name, link])) : present;
    for (const { containerId, endpoints } of state.sandboxes.values().toArray()) {
      if (endpoints.some((endpoint) => isLoose(state, endpoint, links, remade))) {
        await repairSandbox(state, containerId, links, remade);
      }
    }
  } catch (error) {
    state.options.log.error('could not restore an interface', { error: messageOf(error) });
  }
}

/** Ids of the networks whose bridge or parent was missing. */
function remakeDevices(state: NetworksState, present: ReadonlyMap<string, Link>): Set<string> {
  const remade = new Set<string>();
  for (const known of state.networks.values().toArray()) {
    const { record } = known;
    const name = record.bridge?.name ?? (record.parent?.made ? record.parent.name : undefined);
    if (name === undefined || present.has(name)) continue;
    known.bridgeIndex = ensureNetwork(state, record);
    // Routes of the loopback address went with the bridge.
    addBridge(state, record);
    remade.add(record.id);
    state.options.log.warn('an interface was deleted by another program and has been made again', {
      interface: name,
      network: record.name,
    });
  }
  return remade;
}

/** Its interface has gone, or hangs on no bridge. */
function isLoose(
  { networks }: NetworksState,
  endpoint: Endpoint,
  links: ReadonlyMap<string, Link>,
  remade: ReadonlySet<string>,
): boolean {
  const record = networks.get(endpoint.networkId)?.record;
  if (!record || endpoint.pending || endpoint.interface === '') return false;
  // Links that share a wire go with their parent.
  if (endpoint.hostInterface === undefined) return remade.has(record.id);
  const link = links.get(endpoint.hostInterface);
  return link?.master === undefined || link.master !== links.get(record.bridge?.name ?? '')?.index;
}

async function repairSandbox(
  state: NetworksState,
  containerId: string,
  links: ReadonlyMap<string, Link>,
  remade: ReadonlySet<string>,
): Promise<void> {
  using _lock = await state.locks.acquire(containerId);
  const record = state.sandboxes.get(containerId);
  if (record?.netns === undefined) return;
  const lost: { network: NetworkRecord; endpoint: Endpoint }[] = [];
  for (const endpoint of record.endpoints) {
    const network = state.networks.get(endpoint.networkId)?.record;
    if (!network || !isLoose(state, endpoint, links, remade)) continue;
    if (endpoint.hostInterface === undefined || !links.has(endpoint.hostInterface)) {
      lost.push({ network, endpoint });
    } else if (network.bridge) {
      const { hostInterface: name } = endpoint;
      state.route.send([
        { op: 'link-master', name, master: network.bridge.name },
        ...portRequests(network.bridge, name),
        { op: 'link-up', name },
      ]);
    }
  }
  await replug(state, { ...record, netns: record.netns }, lost);
}

async function replug(
  { worker }: NetworksState,
  { netns, endpoints }: SandboxRecord & { readonly netns: string },
  lost: readonly { network: NetworkRecord; endpoint: Endpoint }[],
): Promise<void> {
  if (lost.length === 0) return;
  await plugIn(worker, netns, lost);
  await switchRoutes(worker, netns, NO_GATEWAYS, chooseGateways(endpoints));
}
