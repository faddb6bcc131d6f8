import type { Element } from './element.ts';

/** How the containers of a network are reached from outside of it, and under which address they go out. */
export type GatewayMode = 'nat' | 'nat-unprotected' | 'routed' | 'isolated';

/** What the rules need to know of a bridge of ours. */
export interface RuledBridge {
  readonly name: string;
  /** CIDR, of both families. */
  readonly subnets: readonly string[];
  /** No way in or out of the network. */
  readonly internal: boolean;
  /** Its packets leave under an address of the host. */
  readonly masquerade: boolean;
  /** Its containers reach each other. Default true. */
  readonly icc?: boolean;
  /** Default `nat`. */
  readonly gatewayMode4?: GatewayMode;
  readonly gatewayMode6?: GatewayMode;
  /** Addresses of the host that its packets leave under, when it is not left to the host's routes. */
  readonly hostIp4?: string;
  readonly hostIp6?: string;
  /** Interfaces of the host from which its containers are reached without being published. */
  readonly trustedInterfaces?: readonly string[];
}

const quoted = (name: string): string => `"${name}"`;
const pair = (from: string, to: string): string => `${quoted(from)} . ${quoted(to)}`;

/** Of an address or block in its normal form. */
export const familyOf = (address: string): 4 | 6 => (address.includes(':') ? 6 : 4);

/** What a bridge adds to the sets of the table. */
export function elementsOfBridge(bridge: RuledBridge): Element[] {
  const { name, subnets, internal, icc = true, trustedInterfaces = [] } = bridge;
  return [
    { set: 'bridges', key: quoted(name) },
    { set: 'same', key: pair(name, name) },
    ...(internal ? [{ set: 'internal', key: quoted(name) }] : []),
    ...(icc ? [{ set: 'within', key: pair(name, name) }] : []),
    ...trustedInterfaces.map((from) => ({ set: 'trusted', key: pair(from, name) })),
    ...([4, 6] as const)
      .filter((family) => modeOf(bridge, family) === 'nat-unprotected')
      .map((family) => ({ set: `open${family}`, key: quoted(name) })),
    ...subnets.flatMap((subnet) => leavingAs(bridge, subnet)),
  ];
}

/** The set of the subnets of that length whose packets leave under an address of the host. */
export const leavingSet = (family: 4 | 6, prefix: number): string => `leaving${family}_${prefix}`;

const modeOf = (bridge: RuledBridge, family: 4 | 6): GatewayMode =>
  (family === 4 ? bridge.gatewayMode4 : bridge.gatewayMode6) ?? 'nat';

/** What a subnet adds: packets keep their own address, leave under that of the interface, or under a certain one. */
function leavingAs(bridge: RuledBridge, subnet: string): Element[] {
  const family = familyOf(subnet);
  const hostIp = hostIpOf(bridge, family);
  if (!isMasqueraded(bridge, family)) return [];
  if (hostIp !== undefined) return [{ set: `snat${family}`, key: subnet, value: hostIp }];
  const { base, prefix } = partsOf(subnet);
  return [{ set: leavingSet(family, prefix), key: base }];
}

const hostIpOf = (bridge: RuledBridge, family: 4 | 6): string | undefined =>
  family === 4 ? bridge.hostIp4 : bridge.hostIp6;

function isMasqueraded(bridge: RuledBridge, family: 4 | 6): boolean {
  const mode = modeOf(bridge, family);
  return !bridge.internal && bridge.masquerade && mode !== 'routed' && mode !== 'isolated';
}

/** Of CIDR in its normal form. */
function partsOf(subnet: string): { base: string; prefix: number } {
  const [base = '', prefix] = subnet.split('/');
  return { base, prefix: Number(prefix) };
}

/** Prefix lengths of the subnets of one family that leave under the address of whatever interface it is. */
export const leavingPrefixes = (bridge: RuledBridge, family: 4 | 6): number[] =>
  isMasqueraded(bridge, family) && hostIpOf(bridge, family) === undefined
    ? bridge.subnets.filter((subnet) => familyOf(subnet) === family).map((subnet) => partsOf(subnet).prefix)
    : [];
