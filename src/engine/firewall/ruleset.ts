import { addScript, type Element } from './element.ts';

export interface Ruleset {
  readonly elements: Iterable<Element>;
  /** Whether the kernel can carry [::1] to a container; else connections to it must reach our own listener. */
  readonly loopback6: boolean;
}

/** Everything of which there may be many is an element; the number of rules never changes. */
const SETS: Readonly<Record<string, string>> = {
  bridges: 'type ifname;',
  internal: 'type ifname;',
  within: 'type ifname . ifname;',
  trusted: 'type ifname . ifname;',
  open4: 'type ifname;',
  open6: 'type ifname;',
  routed4: 'type ipv4_addr . inet_proto . inet_service;',
  routed6: 'type ipv6_addr . inet_proto . inet_service;',
  subnets4: 'type ifname . ipv4_addr; flags interval;',
  subnets6: 'type ifname . ipv6_addr; flags interval;',
  nearby4: 'type ipv4_addr . ipv4_addr; flags interval;',
  nearby6: 'type ipv6_addr . ipv6_addr; flags interval;',
  masquerade4: 'type ipv4_addr; flags interval;',
  masquerade6: 'type ipv6_addr; flags interval;',
};

const MAPS: Readonly<Record<string, string>> = {
  any4: 'type inet_proto . inet_service : ipv4_addr . inet_service;',
  any6: 'type inet_proto . inet_service : ipv6_addr . inet_service;',
  at4: 'type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service;',
  at6: 'type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service;',
  snat4: 'type ipv4_addr : ipv4_addr; flags interval;',
  snat6: 'type ipv6_addr : ipv6_addr; flags interval;',
};

/** nft knows the name `dstnat` on prerouting only. */
const CHAINS: Readonly<Record<string, string>> = {
  guard: '{ type filter hook prerouting priority raw; policy accept; }',
  prerouting: '{ type nat hook prerouting priority dstnat; policy accept; }',
  output: '{ type nat hook output priority -100; policy accept; }',
  publish: '',
  forward: '{ type filter hook forward priority filter; policy accept; }',
  ours: '',
  into: '',
  postrouting: '{ type nat hook postrouting priority srcnat; policy accept; }',
};

/** Packets from a container that claim to come from or go to the host's loopback, which route_localnet would let in. */
const GUARD = ['ip daddr 127.0.0.0/8', 'ip saddr 127.0.0.0/8', 'ip6 daddr ::1', 'ip6 saddr ::1'].map(
  (loopback) => `iifname @bridges ${loopback} drop`,
);

const PREROUTING = [
  // A neighbour could send us packets for 127.0.0.1: DNAT would take them in before the kernel drops them as martian.
  'ip daddr 127.0.0.0/8 return',
  'ip6 daddr ::1 return',
  'fib daddr type local jump publish',
];

const output = (loopback6: boolean): string[] => [
  ...(loopback6 ? [] : ['ip6 daddr ::1 return']),
  'fib daddr type local jump publish',
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
  'ct state established,related accept',
  'iifname . oifname @within accept',
  'iifname @internal drop',
  'oifname @internal drop',
  'oifname @bridges goto into',
  'accept',
];

/** Into a network from outside of it: only what was published, and what the network's options let in. */
const INTO = [
  'ct status dnat accept',
  'iifname . oifname @trusted accept',
  'meta nfproto ipv4 iifname != @bridges oifname @open4 accept',
  'meta nfproto ipv6 iifname != @bridges oifname @open6 accept',
  'ip daddr . meta l4proto . th dport @routed4 accept',
  'ip6 daddr . meta l4proto . th dport @routed6 accept',
  'drop',
];

const POSTROUTING = [
  // A container that reaches its own or its neighbour's published port: the answer must come back through us.
  'ct status dnat oifname . ip saddr @subnets4 masquerade',
  'ct status dnat oifname . ip6 saddr @subnets6 masquerade',
  'ct status dnat ip daddr . ip saddr @nearby4 masquerade',
  'ct status dnat ip6 daddr . ip6 saddr @nearby6 masquerade',
  // The container could not answer the host's loopback; it answers the bridge.
  'ip saddr 127.0.0.0/8 oifname @bridges masquerade',
  'ip6 saddr ::1 oifname @bridges masquerade',
  // From one network of ours to another's published port: the client's address is kept.
  'oifname @bridges return',
  'ip saddr @masquerade4 masquerade',
  'ip6 saddr @masquerade6 masquerade',
  'snat ip to ip saddr map @snat4',
  'snat ip6 to ip6 saddr map @snat6',
];

const rulesOf = (loopback6: boolean): Readonly<Record<string, readonly string[]>> => ({
  guard: GUARD,
  prerouting: PREROUTING,
  output: output(loopback6),
  publish: PUBLISH,
  forward: FORWARD,
  ours: OURS,
  into: INTO,
  postrouting: POSTROUTING,
});

/**
 * The whole content of our table as one transaction that may be repeated. It never names the
 * table with `add table`: that would reset the flags of a table that we own.
 */
export function scriptOf(table: string, { elements, loopback6 }: Ruleset): string {
  const rules = Object.entries(rulesOf(loopback6)).flatMap(([chain, lines]) =>
    lines.map((line) => `${chain} ${line}`),
  );
  return [
    ...Object.entries(SETS).map(([set, type]) => `add set inet ${table} ${set} { ${type} }`),
    ...Object.entries(MAPS).map(([map, type]) => `add map inet ${table} ${map} { ${type} }`),
    ...Object.entries(CHAINS).map(([chain, hook]) => `add chain inet ${table} ${chain} ${hook}`.trim()),
    ...Object.keys(CHAINS).map((chain) => `flush chain inet ${table} ${chain}`),
    ...Object.keys(SETS).map((set) => `flush set inet ${table} ${set}`),
    ...Object.keys(MAPS).map((map) => `flush map inet ${table} ${map}`),
    ...rules.map((rule) => `add rule inet ${table} ${rule}`),
    ...addScript(table, elements),
  ].join('\n');
}
