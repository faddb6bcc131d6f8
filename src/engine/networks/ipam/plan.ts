import { forbidden, invalid } from '#lib/errors';
import type { AddressPool, CreateNetworkOptions } from '../network.ts';
import type { PoolRecord } from '../record.ts';
import {
  addressAt,
  contains,
  formatSubnet,
  normalizeAddress,
  parseAddress,
  parseCidr,
  type Subnet,
  sizeOf,
} from '../subnet.ts';
import { chooseSubnet, uniqueLocalSubnet } from './pools.ts';
import { TakenBlocks } from './taken-blocks.ts';

type AskedPool = NonNullable<NonNullable<CreateNetworkOptions['ipam']>['pools']>[number];

export interface PlanContext {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  /** Where no gateway is needed, none of the addresses is kept for it. */
  readonly gateway: { readonly four: boolean; readonly six: boolean };
  /** Subnets of the engine's other networks: nobody may ask for one of them. */
  readonly ours: TakenBlocks;
  /** What the host uses: only given a wide berth where we choose. */
  readonly host: () => TakenBlocks;
  readonly pools: readonly AddressPool[];
  /** Who the network's own IPv6 block is for. */
  readonly owner: string;
}

/**
 * The blocks of addresses of a new network, IPv4 first.
 * @throws invalid (addresses that do not fit together, no free block), forbidden (one of another network)
 */
export function planPools(asked: readonly AskedPool[], context: PlanContext): PoolRecord[] {
  const families: (4 | 6)[] = [...(context.ipv4 ? [4 as const] : []), ...(context.ipv6 ? [6 as const] : [])];
  const planned = asked.map((pool) => ({ pool, family: familyOf(pool) }));
  const planning = new TakenBlocks();
  return families.flatMap((family) => {
    const own = planned.filter((each) => each.family === family).map(({ pool }) => pool);
    const pools = own.length > 0 ? own : [{}];
    return pools.map((pool) => {
      const record = planPool(pool, family, context, planning);
      planning.add(parseCidr(record.subnet).subnet);
      return record;
    });
  });
}

/** One without a subnet is of the family of what it names, else IPv4. @throws invalid */
function familyOf({ subnet, gateway }: AskedPool): 4 | 6 {
  if (subnet) return parseCidr(subnet).subnet.family;
  return gateway ? (parseAddress(gateway)?.family ?? 4) : 4;
}

function planPool(asked: AskedPool, family: 4 | 6, context: PlanContext, planning: TakenBlocks): PoolRecord {
  const taken = [context.ours, planning];
  const subnet = asked.subnet ? checkedSubnet(asked.subnet, taken) : chosenSubnet(family, context, taken);
  const range = asked.ipRange ? within(subnet, asked.ipRange) : undefined;
  const aux = Object.entries(asked.auxAddresses ?? {}).map(
    ([name, address]) => [name, member(subnet, address, 'auxiliary address')] as const,
  );
  const gateway = asked.gateway
    ? member(subnet, asked.gateway, 'gateway')
    : firstGateway(subnet, range, family === 4 ? context.gateway.four : context.gateway.six);
  const twice = [gateway, ...aux.map(([, address]) => address)].find(
    (address, index, all) => address !== undefined && all.indexOf(address) !== index,
  );
  if (twice !== undefined) throw forbidden(`failed to allocate gateway (${twice}): Address already in use`);
  return {
    subnet: formatSubnet(subnet),
    ...(range === undefined ? {} : { ipRange: formatSubnet(range) }),
    ...(gateway === undefined ? {} : { gateway }),
    ...(aux.length === 0 ? {} : { auxAddresses: Object.fromEntries(aux) }),
    configured: Boolean(asked.subnet),
  };
}

function checkedSubnet(text: string, taken: readonly TakenBlocks[]): Subnet {
  const { subnet, address } = parseCidr(text);
  if (address !== addressAt(subnet, 0n)) {
    throw invalid(`invalid subnet ${text}: it should be ${formatSubnet(subnet)}`);
  }
  if (taken.some((blocks) => blocks.overlap(subnet))) {
    throw forbidden('invalid pool request: Pool overlaps with other one on this address space');
  }
  return subnet;
}

function chosenSubnet(family: 4 | 6, context: PlanContext, taken: readonly TakenBlocks[]): Subnet {
  const { host, pools, owner } = context;
  const has6 = pools.some(({ base }) => parseCidr(base).subnet.family === 6);
  if (family === 4 || has6) return chooseSubnet([...taken, host()], pools, family);
  return uniqueLocalSubnet(owner);
}

function within(subnet: Subnet, text: string): Subnet {
  const { subnet: range, address } = parseCidr(text);
  if (range.family !== subnet.family || range.prefix < subnet.prefix || !contains(subnet, address)) {
    throw invalid(`invalid ip-range ${text}: parent subnet ${formatSubnet(subnet)} doesn't contain ip-range`);
  }
  if (address !== addressAt(range, 0n)) {
    throw invalid(`invalid ip-range ${text}: it should be ${formatSubnet(range)}`);
  }
  return range;
}

function member(subnet: Subnet, text: string, what: string): string {
  if (!parseAddress(text)) throw invalid(`invalid ${what} ${text}: it is no IP address`);
  const address = normalizeAddress(text);
  if (contains(subnet, address)) return address;
  throw invalid(
    `invalid ${what} ${text}: parent subnet ${formatSubnet(subnet)} doesn't contain this address`,
  );
}

/** The first address that may be given out: of the range, when there is one. */
function firstGateway(subnet: Subnet, range: Subnet | undefined, needed: boolean): string | undefined {
  if (!needed) return undefined;
  const size = sizeOf(subnet);
  if (size === 1n) throw invalid(`invalid subnet ${formatSubnet(subnet)}: it has no room for a gateway`);
  const first = range && range.base !== subnet.base ? range.base - subnet.base : size > 2n ? 1n : 0n;
  return addressAt(subnet, first);
}
