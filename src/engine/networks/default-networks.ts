import { newId } from '#lib/ids';
import { now } from '#lib/time';
import type { RouteSocket } from '#linux/netlink';
import type { Records } from '#store';
import { addressOfExisting, checkInterfaceName, defaultBridgeName, subnetsInUse } from './drivers/index.ts';
import { chooseSubnet, TakenBlocks, uniqueLocalSubnet } from './ipam/index.ts';
import type { NetworksOptions } from './network.ts';
import type { BridgeRecord, NetworkRecord, PoolRecord } from './record.ts';
import { addressAt, contains, formatSubnet, overlaps, parseCidr, type Subnet } from './subnet.ts';

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
  const wanted = defaultBridge(context, present);
  if (present && sameSettings(present, wanted)) return;
  const base = present ?? plainRecord('bridge', 'bridge');
  store(records, { ...base, ...wanted, options: defaultOptions(wanted.bridge) });
}

type DefaultBridge = Pick<NetworkRecord, 'ipv6' | 'pools'> & { readonly bridge: BridgeRecord };

const sameSettings = (one: NetworkRecord, other: DefaultBridge): boolean =>
  JSON.stringify([one.bridge, one.pools.map(withoutCursor)]) ===
  JSON.stringify([other.bridge, other.pools.map(withoutCursor)]);

const withoutCursor = ({ cursor: _cursor, ...pool }: PoolRecord) => pool;

const store = (records: Records<NetworkRecord>, record: NetworkRecord): void =>
  records.put(record.id, record);

const plainRecord = (name: string, driver: NetworkRecord['driver']): NetworkRecord => ({
  id: newId(),
  name,
  driver,
  scope: 'local',
  created: now(),
  internal: false,
  attachable: false,
  ipv4: true,
  ipv6: false,
  labels: {},
  options: {},
  ipamDriver: 'default',
  pools: [],
  configOnly: false,
  configFrom: '',
});

/** What `network inspect bridge` lists in Docker. */
const defaultOptions = (bridge: BridgeRecord): Record<string, string> => ({
  'com.docker.network.bridge.default_bridge': 'true',
  'com.docker.network.bridge.enable_icc': String(bridge.icc),
  'com.docker.network.bridge.enable_ip_masquerade': String(bridge.masquerade),
  'com.docker.network.bridge.host_binding_ipv4': bridge.hostBinding ?? '0.0.0.0',
  'com.docker.network.bridge.name': bridge.name,
  'com.docker.network.driver.mtu': String(bridge.mtu ?? 1500),
});

function defaultBridge(context: DefaultsOptions, present: NetworkRecord | undefined): DefaultBridge {
  const { options, route } = context;
  const ipv6 = context.ipv6 && options.ipv6 !== false;
  const settings = {
    ...(options.mtu === undefined ? {} : { mtu: options.mtu }),
    masquerade: options.ipMasquerade ?? true,
    icc: options.icc ?? true,
    gatewayMode4: 'nat',
    gatewayMode6: 'nat',
    inhibitIpv4: false,
    ...(options.publishAddress === undefined ? {} : { hostBinding: options.publishAddress }),
    trustedInterfaces: [],
  } as const;
  if (options.bridge !== undefined && options.bridge !== '') {
    const name = checkInterfaceName(options.bridge);
    const { subnet, address } = addressOfExisting(route, name);
    return {
      bridge: { name, ours: false, ...settings },
      ipv6: false,
      pools: [poolOf(options, subnet, address)],
    };
  }
  const name = defaultBridgeName(options.instance);
  const { subnet, gateway } = chosenSubnet(context, name, present);
  const pools = [poolOf(options, subnet, gateway), ...(ipv6 ? [pool6Of(options)] : [])];
  return { bridge: { name, ours: true, ...settings }, ipv6, pools };
}

function poolOf({ fixedCidr, defaultGateway }: NetworksOptions, subnet: Subnet, gateway: string): PoolRecord {
  const range = fixedCidr === undefined ? undefined : parseCidr(fixedCidr).subnet;
  return {
    subnet: formatSubnet(subnet),
    ...(range === undefined || !overlaps(range, subnet) ? {} : { ipRange: formatSubnet(range) }),
    gateway,
    ...(defaultGateway !== undefined && contains(subnet, defaultGateway)
      ? { auxAddresses: { DefaultGatewayIPv4: defaultGateway } }
      : {}),
    configured: false,
  };
}

function pool6Of(options: NetworksOptions): PoolRecord {
  const own = options.bip6 === undefined ? undefined : parseCidr(options.bip6);
  const fixed = options.ipv6Subnet === undefined ? undefined : parseCidr(options.ipv6Subnet).subnet;
  const subnet = own?.subnet ?? fixed ?? uniqueLocalSubnet(options.instance);
  const { defaultGateway6 } = options;
  return {
    subnet: formatSubnet(subnet),
    ...(own && fixed && fixed.prefix > subnet.prefix && overlaps(fixed, subnet)
      ? { ipRange: formatSubnet(fixed) }
      : {}),
    gateway: own?.address ?? addressAt(subnet, 1n),
    ...(defaultGateway6 !== undefined && contains(subnet, defaultGateway6)
      ? { auxAddresses: { DefaultGatewayIPv6: defaultGateway6 } }
      : {}),
    configured: false,
  };
}

/** The configured one, else the one it had, else the first that the host leaves free. */
function chosenSubnet(
  { options, route, records }: DefaultsOptions,
  bridge: string,
  former: NetworkRecord | undefined,
): { subnet: Subnet; gateway: string } {
  if (options.bip !== undefined && options.bip !== '' && options.bip !== 'none') {
    const { subnet, address } = parseCidr(options.bip);
    return { subnet, gateway: address };
  }
  const own = route.link(bridge)?.index;
  const taken = [
    ...subnetsInUse(route, new Set(own === undefined ? [] : [own])),
    ...records
      .all()
      .filter(({ record }) => record.name !== 'bridge')
      .flatMap(({ record }) => record.pools.map((pool) => parseCidr(pool.subnet).subnet)),
  ];
  const [formerPool] = former?.pools ?? [];
  if (former?.bridge?.ours && formerPool?.gateway !== undefined) {
    const { subnet } = parseCidr(formerPool.subnet);
    if (!taken.some((other) => overlaps(other, subnet))) return { subnet, gateway: formerPool.gateway };
    options.log.warn('the subnet of the default network is used by the host now, choosing another', {
      subnet: formerPool.subnet,
    });
  }
  const subnet = chooseSubnet([new TakenBlocks(taken)], options.addressPools);
  return { subnet, gateway: addressAt(subnet, 1n) };
}
