import { parseAddress } from '#lib/address';

/** What the rules need to know of a bridge of ours. */
export interface RuledBridge {
  readonly name: string;
  readonly subnet: string;
  readonly subnet6?: string;
  /** No way in or out of the network. */
  readonly internal: boolean;
  readonly masquerade: boolean;
}

/** One published port: what arrives at the host's address and port goes to a container's. */
export interface Forward {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  /** `0.0.0.0` and `::`: every address of the host. */
  readonly hostIp: string;
  readonly hostPort: number;
  readonly address: string;
  readonly port: number;
}

export interface Ruleset {
  readonly bridges: readonly RuledBridge[];
  readonly forwards: readonly Forward[];
  /** Whether the kernel can carry [::1] to a container; else connections to it must reach our own listener. */
  readonly loopback6: boolean;
}

const CHAINS = ['guard', 'prerouting', 'output', 'publish', 'forward', 'postrouting'] as const;
const MAPS = ['any4', 'any6', 'at4', 'at6'] as const;

/** The element of a published port: `any4 { tcp . 80 : 172.17.0.2 . 8080 }`. */
export function elementOf(forward: Forward): { map: (typeof MAPS)[number]; key: string; value: string } {
  const { protocol, hostIp, hostPort, address, port } = forward;
  const family = parseAddress(hostIp)?.family ?? 4;
  const wildcard = hostIp === '0.0.0.0' || hostIp === '::';
  return {
    map: `${wildcard ? 'any' : 'at'}${family}`,
    key: `${wildcard ? '' : `${hostIp} . `}${protocol} . ${hostPort}`,
    value: `${address} . ${port}`,
  };
}

const quoted = (bridges: readonly RuledBridge[]): string =>
  `{ ${bridges.map((bridge) => `"${bridge.name}"`).join(', ')} }`;

/** Packets from a container that claim to come from or go to the host's loopback, which route_localnet would let in. */
function guardRules(bridges: readonly RuledBridge[]): string[] {
  if (bridges.length === 0) return [];
  const from = `iifname ${quoted(bridges)}`;
  return ['ip daddr 127.0.0.0/8', 'ip saddr 127.0.0.0/8', 'ip6 daddr ::1', 'ip6 saddr ::1'].map(
    (loopback) => `guard ${from} ${loopback} drop`,
  );
}

function publishRules(loopback6: boolean): string[] {
  return [
    // A neighbour could send us packets for 127.0.0.1: DNAT would take them in before the kernel drops them as martian.
    'prerouting ip daddr 127.0.0.0/8 return',
    'prerouting ip6 daddr ::1 return',
    'prerouting fib daddr type local jump publish',
    ...(loopback6 ? [] : ['output ip6 daddr ::1 return']),
    'output fib daddr type local jump publish',
    'publish meta nfproto ipv4 dnat ip to ip daddr . meta l4proto . th dport map @at4',
    'publish meta nfproto ipv4 dnat ip to meta l4proto . th dport map @any4',
    'publish meta nfproto ipv6 dnat ip6 to ip6 daddr . meta l4proto . th dport map @at6',
    'publish meta nfproto ipv6 dnat ip6 to meta l4proto . th dport map @any6',
  ];
}

/** Into a network of ours only what was published, what is an answer, and what comes from the network itself. */
function forwardRules(bridges: readonly RuledBridge[]): string[] {
  if (bridges.length === 0) return [];
  const into = `oifname ${quoted(bridges)}`;
  const internal = bridges.filter((bridge) => bridge.internal);
  return [
    ...bridges.map(({ name }) => `forward iifname "${name}" oifname "${name}" accept`),
    ...(internal.length > 0
      ? [`forward iifname ${quoted(internal)} drop`, `forward oifname ${quoted(internal)} drop`]
      : []),
    `forward ${into} ct state established,related accept`,
    `forward ${into} ct status dnat accept`,
    `forward ${into} drop`,
  ];
}

function masqueradeRules(bridge: RuledBridge, loopback6: boolean): string[] {
  const out = `oifname "${bridge.name}"`;
  const rules = [
    // The container could not answer 127.0.0.1; it answers the bridge.
    `ip saddr 127.0.0.0/8 ${out} masquerade`,
    // A container that reaches its own or its neighbour's published port: the answer must come back through us.
    `ip saddr ${bridge.subnet} ip daddr ${bridge.subnet} ct status dnat masquerade`,
  ];
  if (bridge.subnet6) {
    if (loopback6) rules.push(`ip6 saddr ::1 ${out} masquerade`);
    rules.push(`ip6 saddr ${bridge.subnet6} ip6 daddr ${bridge.subnet6} ct status dnat masquerade`);
  }
  if (bridge.masquerade && !bridge.internal) {
    rules.push(`ip saddr ${bridge.subnet} oifname != "${bridge.name}" masquerade`);
    if (bridge.subnet6) rules.push(`ip6 saddr ${bridge.subnet6} oifname != "${bridge.name}" masquerade`);
  }
  return rules.map((rule) => `postrouting ${rule}`);
}

const declarations = (table: string): string[] => [
  `add map inet ${table} any4 { type inet_proto . inet_service : ipv4_addr . inet_service; }`,
  `add map inet ${table} any6 { type inet_proto . inet_service : ipv6_addr . inet_service; }`,
  `add map inet ${table} at4 { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }`,
  `add map inet ${table} at6 { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; }`,
  `add chain inet ${table} guard { type filter hook prerouting priority raw; policy accept; }`,
  `add chain inet ${table} prerouting { type nat hook prerouting priority dstnat; policy accept; }`,
  // nft knows the name `dstnat` on prerouting only.
  `add chain inet ${table} output { type nat hook output priority -100; policy accept; }`,
  `add chain inet ${table} publish`,
  `add chain inet ${table} forward { type filter hook forward priority filter; policy accept; }`,
  `add chain inet ${table} postrouting { type nat hook postrouting priority srcnat; policy accept; }`,
];

/**
 * The whole content of our table as one transaction that may be repeated. It never names the
 * table with `add table`: that would reset the flags of a table that we own.
 */
export function scriptOf(table: string, ruleset: Ruleset): string {
  const { bridges, forwards, loopback6 } = ruleset;
  const rules = [
    ...guardRules(bridges),
    ...publishRules(loopback6),
    ...forwardRules(bridges),
    ...bridges.flatMap((bridge) => masqueradeRules(bridge, loopback6)),
  ];
  return [
    ...declarations(table),
    ...CHAINS.map((chain) => `flush chain inet ${table} ${chain}`),
    ...MAPS.map((map) => `flush map inet ${table} ${map}`),
    ...rules.map((rule) => `add rule inet ${table} ${rule}`),
    ...addScript(table, forwards),
  ].join('\n');
}

/** Commands that add published ports, one for each map. */
export const addScript = (table: string, forwards: readonly Forward[]): string[] =>
  elementScript('add', table, forwards, ({ key, value }) => `${key} : ${value}`);

export const deleteScript = (table: string, forwards: readonly Forward[]): string[] =>
  elementScript('delete', table, forwards, ({ key }) => key);

function elementScript(
  verb: 'add' | 'delete',
  table: string,
  forwards: readonly Forward[],
  text: (element: ReturnType<typeof elementOf>) => string,
): string[] {
  const byMap = Map.groupBy(forwards.map(elementOf), (element) => element.map);
  return [...byMap].map(
    ([map, elements]) => `${verb} element inet ${table} ${map} { ${elements.map(text).join(', ')} }`,
  );
}
