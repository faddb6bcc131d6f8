import { createHash } from 'node:crypto';
import { invalid, messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';
import type { Address, Link, Request, RouteSocket } from '#linux/netlink';
import type { BridgeRecord, NetworkRecord } from '../record.ts';
import type { NetworksState } from '../state.ts';
import { normalizeAddress, parseCidr, type Subnet, subnetOf, subnetOfBytes } from '../subnet.ts';
import { prepareBridge } from '../sysctl.ts';

/** IFNAMSIZ of netdevice(7), without the final zero byte. */
const NAME_LIMIT = 15;

/** Name of the default network's bridge. */
export function defaultBridgeName(instance: string): string {
  if (instance === 'berth') return 'berth0';
  const suffix = /-([0-9a-f]{8})[0-9a-f]*$/.exec(instance)?.[1];
  return `br-${suffix ?? createHash('sha256').update(instance).digest('hex').slice(0, 8)}`;
}

/** @throws invalid */
export function checkInterfaceName(name: string): string {
  if (name.length > NAME_LIMIT || !/^[^\s/:%]+$/.test(name) || name === '.' || name === '..') {
    throw invalid(
      `invalid bridge name ${JSON.stringify(name)}: an interface name has at most ${NAME_LIMIT} characters`,
    );
  }
  return name;
}

/** A locally administered address that stays: by default a bridge takes the lowest of its ports' and changes with them. */
const stableMac = (seed: string): string => {
  const hash = createHash('sha256').update(seed).digest('hex');
  return `02:${[0, 2, 4, 6, 8].map((at) => hash.slice(at, at + 2)).join(':')}`;
};

/** Blocks that the host uses on interfaces other than `except`, by index. */
export const subnetsInUse = (route: RouteSocket, except?: ReadonlySet<number>): Subnet[] =>
  route.blocks(except).map(({ bytes, prefix }) => subnetOfBytes(bytes, prefix));

/** The IPv4 block and address of an administrator's bridge. @throws invalid */
export function addressOfExisting(route: RouteSocket, name: string): { subnet: Subnet; address: string } {
  const link = route.link(name);
  if (!link) throw invalid(`bridge device with non default name ${name} must be created manually`);
  const found = route.addresses(4).find((entry) => entry.index === link.index);
  if (!found) throw invalid(`bridge ${name} has no IPv4 address: give it one before the engine starts`);
  return { subnet: subnetOf(found.address, found.prefix), address: found.address };
}

/** What the host has on its interfaces, read once for many bridges. */
export interface HostAddresses {
  readonly addresses: readonly Address[];
}

/** Addresses of the bridge itself: the gateways of its networks, unless those are somebody else. */
export function bridgeAddresses({ bridge, pools }: NetworkRecord): { address: string; prefix: number }[] {
  return pools.flatMap(({ subnet: text, gateway }) => {
    const { subnet } = parseCidr(text);
    const mode = subnet.family === 4 ? bridge?.gatewayMode4 : bridge?.gatewayMode6;
    if (gateway === undefined || mode === 'isolated') return [];
    if (subnet.family === 4 && bridge?.inhibitIpv4) return [];
    return [{ address: gateway, prefix: subnet.prefix }];
  });
}

/** Makes the bridge as the record says, or completes what is there. Safe to repeat. Returns its index. */
export function ensureBridge(
  route: RouteSocket,
  network: NetworkRecord,
  log: Logger,
  host?: HostAddresses,
): number | undefined {
  const { bridge, ipv6 } = network;
  if (!bridge) return undefined;
  const present = route.link(bridge.name);
  if (!present) {
    const mtu = bridge.mtu === undefined ? {} : { mtu: bridge.mtu };
    route.send([{ op: 'link-add-bridge', name: bridge.name, mac: stableMac(bridge.name), ...mtu }]);
  } else if (present.kind !== undefined && present.kind !== 'bridge') {
    throw invalid(`cannot use ${bridge.name}: an interface of that name is there and is a ${present.kind}`);
  }
  prepareBridge(bridge.name, { ipv6, icc: bridge.icc });
  const link = present ?? route.link(bridge.name);
  const former = link && present ? addressesOn(host ?? { addresses: route.addresses() }, link) : [];
  route.send([...missingAddresses(former, network, log), { op: 'link-up', name: bridge.name }], {
    ignore: ['EEXIST'],
  });
  return link?.index;
}

const addressesOn = ({ addresses }: HostAddresses, link: Link): { address: string; prefix: number }[] =>
  addresses
    .filter((entry) => entry.index === link.index)
    .map((entry) => ({ address: normalizeAddress(entry.address), prefix: entry.prefix }));

function missingAddresses(
  present: readonly { address: string; prefix: number }[],
  network: NetworkRecord,
  log: Logger,
): Request[] {
  const { name = '', ours = false } = network.bridge ?? {};
  const wanted = bridgeAddresses(network);
  const requests: Request[] = [];
  for (const { address, prefix } of present) {
    const stale = ours && !address.startsWith('fe80:') && !wanted.some((entry) => entry.address === address);
    if (!stale) continue;
    log.info('removing a former address of the bridge', { bridge: name, address });
    requests.push({ op: 'addr-del', name, address, prefix });
  }
  for (const { address, prefix } of wanted) {
    if (present.some((entry) => entry.address === address)) continue;
    // A bridge without ports has no carrier, and duplicate detection would keep the address tentative for ever.
    requests.push({ op: 'addr-add', name, address, prefix, nodad: true });
  }
  return requests;
}

/** Takes the addresses and routes of a bridge of ours away, which is quick: deleting it is not. A missing one is fine. */
export async function quietBridge(
  state: Pick<NetworksState, 'worker' | 'options'>,
  network: NetworkRecord,
): Promise<void> {
  if (!network.bridge?.ours) return;
  const { name } = network.bridge;
  const addresses = bridgeAddresses(network).map((entry) => ({ op: 'addr-del', name, ...entry }) as const);
  const ignore = ['ENODEV', 'EADDRNOTAVAIL'];
  await state.worker.netlink(undefined, [...addresses, { op: 'link-down', name }], { ignore });
}

/** Deletes a bridge of ours; a missing one is fine. In the worker: the kernel takes its time. */
export async function destroyBridge(
  state: Pick<NetworksState, 'worker' | 'options'>,
  bridge: BridgeRecord,
): Promise<void> {
  if (!bridge.ours) return;
  try {
    await state.worker.netlink(undefined, [{ op: 'link-del', name: bridge.name }], { ignore: ['ENODEV'] });
  } catch (error) {
    state.options.log.warn('could not delete a bridge', { bridge: bridge.name, error: messageOf(error) });
  }
}
