import { allInOrder } from '#lib/all-in-order';
import { codeOf, conflict } from '#lib/errors';
import type { NamespaceWorker } from '#linux/namespaces';
import type { Request } from '#linux/netlink';
import { arrivalRequests, linkRequests, unlinkRequests } from './drivers/index.ts';
import type { Gateways } from './gateway.ts';
import type { NetworkRecord } from './record.ts';
import type { Endpoint } from './sandbox.ts';

export interface Plug {
  readonly network: NetworkRecord;
  readonly endpoint: Endpoint;
}

/** Makes the interfaces of endpoints in a namespace: addresses set, everything up. Default routes: `switchRoutes`. */
export async function plugIn(worker: NamespaceWorker, netns: string, plugs: readonly Plug[]): Promise<void> {
  const links = plugs.flatMap(({ network, endpoint }) => linkRequests(network, endpoint, netns));
  if (links.length === 0) return;
  const arrivals = plugs.flatMap(({ network, endpoint }) => arrivalRequests(network, endpoint));
  const sysctls = Object.assign({}, ...plugs.map(({ endpoint }) => interfaceSysctls(endpoint)));
  // The worker keeps the order, so nothing waits for an answer in between; after a failure the rest fails too.
  await allInOrder([
    worker.netlink(undefined, links).catch((error: unknown) => {
      throw explained(error, plugs);
    }),
    ...(arrivals.length > 0 ? [worker.netlink(netns, arrivals)] : []),
    ...(Object.keys(sysctls).length > 0 ? [worker.setSysctls(netns, sysctls)] : []),
    worker.netlink(
      netns,
      plugs.flatMap(({ endpoint }) => addressRequests(endpoint)),
    ),
  ]);
}

/** The kernel's EINVAL says nothing. */
function explained(error: unknown, plugs: readonly Plug[]): unknown {
  const parent = plugs.map(({ network }) => network.parent).find((each) => each?.mode === 'passthru');
  if (!parent || codeOf(error) !== 'EINVAL') return error;
  return conflict(
    `macvlan mode passthru gives the parent interface ${parent.name} to one container at a time, and another has it`,
    error,
  );
}

/** Takes an endpoint's interface away. What is not there is fine. */
export async function unplug(worker: NamespaceWorker, netns: string, endpoint: Endpoint): Promise<void> {
  const { host, inside } = unlinkRequests(endpoint);
  try {
    if (host.length > 0) await worker.netlink(undefined, host, { ignore: ['ENODEV'] });
    if (inside.length > 0) await worker.netlink(netns, inside, { ignore: ['ENODEV'] });
  } catch (error) {
    // The namespace has gone, and its interfaces with it.
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EINVAL') throw error;
  }
}

/** The interface's own settings, to be made while it is down. */
function interfaceSysctls({ interface: name, address6, driverOptions }: Endpoint): Record<string, string> {
  const sysctls: Record<string, string> = {};
  if (address6 !== undefined) sysctls[`net.ipv6.conf.${name}.disable_ipv6`] = '0';
  for (const text of (driverOptions['com.docker.network.endpoint.sysctls'] ?? '').split(',')) {
    const [key = '', value = ''] = text.split('=', 2);
    if (key !== '') sysctls[key.replace(/\.ifname\./i, `.${name}.`)] = value;
  }
  return sysctls;
}

function addressRequests(endpoint: Endpoint): Request[] {
  const { interface: name, address, prefix, address6, prefix6 = 128, linkLocal, bandwidth } = endpoint;
  const requests: Request[] = [];
  if (address !== '') requests.push({ op: 'addr-add', name, address, prefix });
  // Duplicate detection would make the address unusable for the container's first second.
  if (address6 !== undefined) {
    requests.push({ op: 'addr-add', name, address: address6, prefix: prefix6, nodad: true });
  }
  for (const local of linkLocal) {
    requests.push({
      op: 'addr-add',
      name,
      address: local,
      prefix: local.includes(':') ? 64 : 16,
      nodad: true,
    });
  }
  // Each end of a veth pair limits what it sends; this one the container can change with CAP_NET_ADMIN only.
  if (bandwidth.out !== undefined) requests.push({ op: 'queue-limit', name, rate: bandwidth.out });
  return [...requests, { op: 'link-up', name }];
}

/** Sets the default routes of a sandbox, in place of those it had. */
export async function switchRoutes(
  worker: NamespaceWorker,
  netns: string,
  from: Gateways,
  to: Gateways,
): Promise<void> {
  const removed: Request[] = [];
  const added: Request[] = [];
  for (const routeOf of [defaultRoute4, defaultRoute6]) {
    const [old, wanted] = [routeOf(from), routeOf(to)];
    if (old?.gateway === wanted?.gateway && old?.name === wanted?.name) continue;
    if (old) removed.push({ op: 'route-del', ...old });
    if (wanted) added.push({ op: 'route-add', ...wanted });
  }
  // The container may have changed its routes itself.
  if (removed.length > 0) await worker.netlink(netns, removed, { ignore: ['ESRCH'] });
  if (added.length > 0) await worker.netlink(netns, added, { ignore: ['EEXIST'] });
}

const defaultRoute4 = ({ four }: Gateways) => four && defaultRoute(four, 4, four.gateway);

const defaultRoute6 = ({ six }: Gateways) => six && defaultRoute(six, 6, six.gateway6 ?? '');

const defaultRoute = (endpoint: Endpoint, family: 4 | 6, gateway: string) => ({
  name: endpoint.interface,
  family,
  ...(gateway === '' ? {} : { gateway }),
});
