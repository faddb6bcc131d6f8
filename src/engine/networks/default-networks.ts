import { newId } from '#lib/ids';
import { now } from '#lib/time';
import type { RouteSocket } from '#linux/netlink';
import type { Records } from '#store';
import { addressOfExisting, checkInterfaceName, defaultBridgeName, subnetsInUse } from './bridge.ts';
import type { NetworksOptions } from './network.ts';
import type { BridgeRecord, NetworkRecord } from './record.ts';
import { addressAt, formatSubnet, overlaps, parseCidr, type Subnet } from './subnet.ts';
import { chooseSubnet, uniqueLocalSubnet } from './subnet-choice.ts';

/** The networks that always exist and cannot be removed. */
export const PREDEFINED: ReadonlySet<string> = new Set(['bridge', 'host', 'none']);

interface DefaultsOptions {
  readonly options: NetworksOptions;
  readonly route: RouteSocket;
  readonly records: Records<NetworkRecord>;
  readonly ipv6: boolean;
  /** Whether a container that may still run has an address of this network: then it keeps its subnet. */
  readonly inUse: (networkId: string) => boolean;
}

/** Stores `bridge`, `host` and `none` where they are missing, and follows changed settings of the default bridge. */
export function ensureDefaultNetworks(context: DefaultsOptions): void {
  const { records, options } = context;
  const byName = new Map(records.all().map(({ record }) => [record.name, record]));
  if (!byName.has('host')) store(records, plainRecord('host', 'host'));
  if (!byName.has('none')) store(records, plainRecord('none', 'null'));
  const present = byName.get('bridge');
  if (options.bridge === 'none') {
    if (present) records.delete(present.id);
    return;
  }
  if (present && context.inUse(present.id)) return;
  const bridge = defaultBridge(context, present);
  if (JSON.stringify(present?.bridge) === JSON.stringify(bridge)) return;
  const { cursor: _cursor, ...base } = present ?? plainRecord('bridge', 'bridge');
  store(records, { ...base, bridge, options: defaultOptions(bridge) });
}

const store = (records: Records<NetworkRecord>, record: NetworkRecord): void =>
  records.put(record.id, record);

const plainRecord = (name: string, driver: NetworkRecord['driver']): NetworkRecord => ({
  id: newId(),
  name,
  driver,
  created: now(),
  internal: false,
  attachable: false,
  labels: {},
  options: {},
});

/** What `network inspect bridge` lists in Docker. */
const defaultOptions = (bridge: BridgeRecord): Record<string, string> => ({
  'com.docker.network.bridge.default_bridge': 'true',
  'com.docker.network.bridge.enable_icc': 'true',
  'com.docker.network.bridge.enable_ip_masquerade': 'true',
  'com.docker.network.bridge.host_binding_ipv4': '0.0.0.0',
  'com.docker.network.bridge.name': bridge.name,
  'com.docker.network.driver.mtu': String(bridge.mtu ?? 1500),
});

function defaultBridge(context: DefaultsOptions, present: NetworkRecord | undefined): BridgeRecord {
  const { options, route, ipv6 } = context;
  const mtu = options.mtu === undefined ? {} : { mtu: options.mtu };
  if (options.bridge !== undefined && options.bridge !== '') {
    const name = checkInterfaceName(options.bridge);
    const { subnet, address } = addressOfExisting(route, name);
    return { name, ours: false, subnet: formatSubnet(subnet), gateway: address, ...mtu, masquerade: true };
  }
  const name = defaultBridgeName(options.instance);
  const { subnet, gateway } = chosenSubnet(context, name, present?.bridge);
  return {
    name,
    ours: true,
    subnet: formatSubnet(subnet),
    gateway,
    ...(ipv6 ? subnet6Of(options) : {}),
    ...mtu,
    masquerade: true,
  };
}

function subnet6Of(options: NetworksOptions): { subnet6: string; gateway6: string } {
  const subnet =
    options.ipv6Subnet === undefined
      ? uniqueLocalSubnet(options.instance)
      : parseCidr(options.ipv6Subnet).subnet;
  return { subnet6: formatSubnet(subnet), gateway6: addressAt(subnet, 1n) };
}

/** The configured one, else the one it had, else the first that the host leaves free. */
function chosenSubnet(
  { options, route, records }: DefaultsOptions,
  bridge: string,
  former: BridgeRecord | undefined,
): { subnet: Subnet; gateway: string } {
  if (options.bip !== undefined && options.bip !== '' && options.bip !== 'none') {
    const { subnet, address } = parseCidr(options.bip);
    return { subnet, gateway: address };
  }
  const taken = [
    ...subnetsInUse(route, bridge),
    ...records.all().flatMap(({ record }) => {
      return record.bridge && record.name !== 'bridge' ? [parseCidr(record.bridge.subnet).subnet] : [];
    }),
  ];
  if (former?.ours) {
    const { subnet } = parseCidr(former.subnet);
    if (!taken.some((other) => overlaps(other, subnet))) return { subnet, gateway: former.gateway };
    options.log.warn('the subnet of the default network is used by the host now, choosing another', {
      subnet: former.subnet,
    });
  }
  const subnet = chooseSubnet(taken);
  return { subnet, gateway: addressAt(subnet, 1n) };
}
