import { bitsOf, formatAddress } from '#lib/address';
import { leavingSet } from './bridge.ts';
import { addScript, type Element } from './element.ts';

/** What decides which rules there are; of everything else there may be any number, and it is an element. */
export interface RuleSwitches {
  /** Whether the kernel can carry [::1] to a container; else connections to it must reach our own listener. */
  readonly loopback6: boolean;
  /** Groups of sources whose connections are let in by sets of their own; 0: all connections are let in. */
  readonly admitted: number;
  /** Packets that we accept are marked, for a rule in a chain of the host that would drop them. */
  readonly marks: boolean;
  /** Prefix lengths of the subnets whose packets leave under an address of the host. */
  readonly leaving4: readonly number[];
  readonly leaving6: readonly number[];
}

/** The first table: as little as there can be. */
export const PLAIN: RuleSwitches = {
  loopback6: false,
  admitted: 0,
  marks: false,
  leaving4: [],
  leaving6: [],
};

/** A bit of the packet mark that is ours from our forward chain to the last one. Documented in docs/networking.md. */
export const MARK = '0x10000000';
const NO_MARK = '0xefffffff';
/** The first packet of a connection that goes back to the network it came from, from our forward chain to postrouting. */
const RETURNING = '0x20000000';
const NOT_RETURNING = '0xdfffffff';

const SETS: Readonly<Record<string, string>> = {
  bridges: 'type ifname;',
  internal: 'type ifname;',
  // Pairs of the same name: nft cannot compare two things that it reads from a packet.
  same: 'type ifname . ifname;',
  within: 'type ifname . ifname;',
  linked4: 'type ifname . ipv4_addr . ipv4_addr . inet_proto . inet_service;',
  trusted: 'type ifname . ifname;',
  open4: 'type ifname;',
  open6: 'type ifname;',
  routed4: 'type ipv4_addr . inet_proto . inet_service;',
  routed6: 'type ipv6_addr . inet_proto . inet_service;',
  nearby4: 'type ipv4_addr . ipv4_addr; flags interval;',
  nearby6: 'type ipv6_addr . ipv6_addr; flags interval;',
};

const MAPS: Readonly<Record<string, string>> = {
  any4: 'type inet_proto . inet_service : ipv4_addr . inet_service;',
  any6: 'type inet_proto . inet_service : ipv6_addr . inet_service;',
  at4: 'type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service;',
  at6: 'type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service;',
  snat4: 'type ipv4_addr : ipv4_addr; flags interval;',
  snat6: 'type ipv6_addr : ipv6_addr; flags interval;',
  source4: 'type ipv4_addr : verdict;',
  source6: 'type ipv6_addr : verdict;',
  sources4: 'type ipv4_addr : verdict; flags interval;',
  sources6: 'type ipv6_addr : verdict; flags interval;',
};

/** nft knows the name `dstnat` on prerouting only. */
const CHAINS: Readonly<Record<string, string>> = {
  guard: '{ type filter hook prerouting priority raw; policy accept; }',
  prerouting: '{ type nat hook prerouting priority dstnat; policy accept; }',
  output: '{ type nat hook output priority -100; policy accept; }',
  outside: '',
  publish: '',
  // Before those of the host: what they log and count is not what we drop.
  forward: '{ type filter hook forward priority filter - 10; policy accept; }',
  ours: '',
  into: '',
  pass: '',
  unmark: '{ type filter hook forward priority 300; policy accept; }',
  postrouting: '{ type nat hook postrouting priority srcnat; policy accept; }',
};

/**
 * Packets from a container that claim to come from or go to the host's loopback, which route_localnet would let in. All
 * packets of the host come by here: what is quick to see and nearly never so is asked first.
 */
const GUARD = ['ip daddr 127.0.0.0/8', 'ip saddr 127.0.0.0/8', 'ip6 daddr ::1', 'ip6 saddr ::1'].map(
  (loopback) => `${loopback} iifname @bridges drop`,
);

const prerouting = (admitted: number): string[] => [
  // A neighbour could send us packets for 127.0.0.1: DNAT would take them in before the kernel drops them as martian.
  'ip daddr 127.0.0.0/8 return',
  'ip6 daddr ::1 return',
  'fib daddr type != local return',
  ...(admitted > 0 ? ['iifname != @bridges goto outside'] : []),
  'goto publish',
];

const OUTSIDE = [
  'ip saddr vmap @source4',
  'ip saddr vmap @sources4',
  'ip6 saddr vmap @source6',
  'ip6 saddr vmap @sources6',
  'meta nfproto ipv4 goto from4_0',
  'goto from6_0',
];

const output = (loopback6: boolean): string[] => [
  ...(loopback6 ? [] : ['ip6 daddr ::1 return']),
  'fib daddr type local goto publish',
];

const PUBLISH = [
  'meta nfproto ipv4 dnat ip to ip daddr . meta l4proto . th dport map @at4',
  'meta nfproto ipv4 dnat ip to meta l4proto . th dport map @any4',
  'meta nfproto ipv6 dnat ip6 to ip6 daddr . meta l4proto . th dport map @at6',
  'meta nfproto ipv6 dnat ip6 to meta l4proto . th dport map @any6',
];

/** What the host forwards for others is none of our business. */
const FORWARD = ['iifname @bridges goto ours', 'oifname @bridges goto ours'];

const OURS = [
  'ct state established,related goto pass',
  `ct status dnat iifname . oifname @same meta mark set meta mark | ${RETURNING}`,
  'iifname . oifname @within goto pass',
  'iifname . ip saddr . ip daddr . meta l4proto . th dport @linked4 goto pass',
  'iifname @internal drop',
  'oifname @internal drop',
  'oifname @bridges goto into',
  'goto pass',
];

/** Into a network from outside of it: only what was published, and what the network's options let in. */
const INTO = [
  'ct status dnat goto pass',
  'iifname . oifname @trusted goto pass',
  'meta nfproto ipv4 iifname != @bridges oifname @open4 goto pass',
  'meta nfproto ipv6 iifname != @bridges oifname @open6 goto pass',
  'ip daddr . meta l4proto . th dport @routed4 goto pass',
  'ip6 daddr . meta l4proto . th dport @routed6 goto pass',
  'drop',
];

const postrouting = (switches: RuleSwitches): string[] => [
  // A container that reaches its own or its neighbour's published port: the answer must come back through us.
  `meta mark & ${RETURNING} == ${RETURNING} meta mark set meta mark & ${NOT_RETURNING} masquerade`,
  'ct status dnat ip daddr . ip saddr @nearby4 masquerade',
  'ct status dnat ip6 daddr . ip6 saddr @nearby6 masquerade',
  // The container could not answer the host's loopback; it answers the bridge.
  'ip saddr 127.0.0.0/8 oifname @bridges masquerade',
  'ip6 saddr ::1 oifname @bridges masquerade',
  // From one network of ours to another's published port: the client's address is kept.
  'oifname @bridges return',
  ...leaving(switches).map(({ set, mask, header }) => `${header} saddr & ${mask} @${set} masquerade`),
  'snat ip to ip saddr map @snat4',
  'snat ip6 to ip6 saddr map @snat6',
];

function rulesOf(switches: RuleSwitches): Readonly<Record<string, readonly string[]>> {
  const { loopback6, admitted, marks } = switches;
  return {
    guard: GUARD,
    ...Object.fromEntries(groups(admitted).map(({ from, rule }) => [from, [rule]])),
    outside: admitted > 0 ? OUTSIDE : [],
    publish: PUBLISH,
    prerouting: prerouting(admitted),
    output: output(loopback6),
    pass: [...(marks ? [`meta mark set meta mark | ${MARK}`] : []), 'accept'],
    into: INTO,
    ours: OURS,
    forward: FORWARD,
    unmark: marks ? [`meta mark & ${MARK} == ${MARK} meta mark set meta mark & ${NO_MARK}`] : [],
    postrouting: postrouting(switches),
  };
}

/** Sets of subnets of one length each: an interval set is read whole by nft for each change, a hash is not. */
const leaving = ({ leaving4, leaving6 }: RuleSwitches) => [
  ...leaving4.map((prefix) => ({
    set: leavingSet(4, prefix),
    type: 'type ipv4_addr;',
    header: 'ip',
    mask: maskOf(4, prefix),
  })),
  ...leaving6.map((prefix) => ({
    set: leavingSet(6, prefix),
    type: 'type ipv6_addr;',
    header: 'ip6',
    mask: maskOf(6, prefix),
  })),
];

const maskOf = (family: 4 | 6, prefix: number): string => {
  const bits = BigInt(bitsOf(family));
  return formatAddress(family, ((1n << BigInt(prefix)) - 1n) << (bits - BigInt(prefix)));
};

/** The chain and the set of each group of sources. */
function groups(admitted: number): { from: string; rule: string; set: string; type: string }[] {
  return ([4, 6] as const).flatMap((family) =>
    Array.from({ length: admitted }, (_, index) => ({
      from: `from${family}_${index}`,
      rule: `iifname . ${family === 4 ? 'ip' : 'ip6'} daddr . meta l4proto . th dport @allowed${family}_${index} goto publish`,
      set: `allowed${family}_${index}`,
      type: `type ifname . ipv${family}_addr . inet_proto . inet_service; flags interval;`,
    })),
  );
}

function setsOf(switches: RuleSwitches): Readonly<Record<string, string>> {
  const more = [...groups(switches.admitted), ...leaving(switches)];
  return { ...SETS, ...Object.fromEntries(more.map(({ set, type }) => [set, type])) };
}

/** What the sets and maps of the table hold, by their names. */
export const typesOf = (switches: RuleSwitches): Readonly<Record<string, string>> => ({
  ...setsOf(switches),
  ...MAPS,
});

/**
 * The whole content of our table as one transaction that may be repeated. It never names the
 * table with `add table`: that would reset the flags of a table that we own.
 */
export function scriptOf(table: string, switches: RuleSwitches, elements: Iterable<Element>): string {
  const sets = setsOf(switches);
  const chains = {
    ...CHAINS,
    ...Object.fromEntries(groups(switches.admitted).map(({ from }) => [from, ''])),
  };
  const rules = Object.entries(rulesOf(switches)).flatMap(([chain, lines]) =>
    lines.map((line) => `${chain} ${line}`),
  );
  return [
    ...Object.entries(sets).map(([set, type]) => `add set inet ${table} ${set} { ${type} }`),
    ...Object.entries(chains).map(([chain, hook]) => `add chain inet ${table} ${chain} ${hook}`.trim()),
    ...Object.entries(MAPS).map(([map, type]) => `add map inet ${table} ${map} { ${type} }`),
    ...Object.keys(chains).map((chain) => `flush chain inet ${table} ${chain}`),
    ...Object.keys(sets).map((set) => `flush set inet ${table} ${set}`),
    ...Object.keys(MAPS).map((map) => `flush map inet ${table} ${map}`),
    // A base chain costs every packet a little even when it is empty.
    ...(switches.marks ? [] : [`delete chain inet ${table} unmark`]),
    ...rules.map((rule) => `add rule inet ${table} ${rule}`),
    ...addScript(table, elements),
  ].join('\n');
}
