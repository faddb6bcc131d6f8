import { createHash } from 'node:crypto';
import { invalid } from '#lib/errors';
import type { Logger } from '#lib/log';
import type { Link, Request, RouteSocket } from '#linux/netlink';
import type { BridgeRecord } from './record.ts';
import { normalizeAddress, parseCidr, type Subnet, subnetOf } from './subnet.ts';
import { prepareBridge } from './sysctl.ts';

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

/** Blocks that the host uses on interfaces other than `except`. Default routes cover everything and are left out. */
export function subnetsInUse(route: RouteSocket, except?: string): Subnet[] {
  const own = except === undefined ? undefined : route.link(except)?.index;
  return [...route.routes(4), ...route.routes(6)]
    .filter((entry) => entry.prefix > 0 && entry.index !== own)
    .map((entry) => subnetOf(entry.destination, entry.prefix))
    .concat(
      route
        .addresses()
        .filter((entry) => entry.index !== own)
        .map((entry) => subnetOf(entry.address, entry.prefix)),
    );
}

/** The IPv4 block and address of an administrator's bridge. @throws invalid */
export function addressOfExisting(route: RouteSocket, name: string): { subnet: Subnet; address: string } {
  const link = route.link(name);
  if (!link) throw invalid(`bridge device with non default name ${name} must be created manually`);
  const found = route.addresses(4).find((entry) => entry.index === link.index);
  if (!found) throw invalid(`bridge ${name} has no IPv4 address: give it one before the engine starts`);
  return { subnet: subnetOf(found.address, found.prefix), address: found.address };
}

/** Makes the bridge as the record says, or completes what is there. Safe to repeat. */
export function ensureBridge(route: RouteSocket, bridge: BridgeRecord, log: Logger): void {
  const present = route.link(bridge.name);
  if (!present) {
    const mtu = bridge.mtu === undefined ? {} : { mtu: bridge.mtu };
    route.send([{ op: 'link-add-bridge', name: bridge.name, mac: stableMac(bridge.name), ...mtu }]);
  } else if (bridge.ours && present.kind !== undefined && present.kind !== 'bridge') {
    throw invalid(`cannot use ${bridge.name}: an interface of that name is there and is a ${present.kind}`);
  }
  prepareBridge(bridge.name, { ipv6: bridge.subnet6 !== undefined });
  const link = present ?? route.link(bridge.name);
  const missing = link ? missingAddresses(route, link, bridge, log) : [];
  route.send([...missing, { op: 'link-up', name: bridge.name }], { ignore: ['EEXIST'] });
}

function missingAddresses(route: RouteSocket, link: Link, bridge: BridgeRecord, log: Logger): Request[] {
  const wanted = [{ address: bridge.gateway, prefix: parseCidr(bridge.subnet).subnet.prefix }];
  if (bridge.gateway6 !== undefined && bridge.subnet6 !== undefined) {
    wanted.push({ address: bridge.gateway6, prefix: parseCidr(bridge.subnet6).subnet.prefix });
  }
  const requests: Request[] = [];
  const present = route
    .addresses()
    .filter((entry) => entry.index === link.index)
    .map((entry) => ({ address: normalizeAddress(entry.address), prefix: entry.prefix }));
  for (const { address, prefix } of present) {
    const stale =
      bridge.ours && !address.startsWith('fe80:') && !wanted.some((entry) => entry.address === address);
    if (!stale) continue;
    log.info('removing a former address of the bridge', { bridge: bridge.name, address });
    requests.push({ op: 'addr-del', name: bridge.name, address, prefix });
  }
  for (const { address, prefix } of wanted) {
    if (present.some((entry) => entry.address === address)) continue;
    // A bridge without ports has no carrier, and duplicate detection would keep the address tentative for ever.
    requests.push({ op: 'addr-add', name: bridge.name, address, prefix, nodad: true });
  }
  return requests;
}
