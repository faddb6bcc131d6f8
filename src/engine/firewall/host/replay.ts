import { writeFileSync } from 'node:fs';
import { codeOf, messageOf, systemError } from '#lib/errors';
import { enterScratchNetns } from '#linux/namespaces';
import { type Request, RouteSocket } from '#linux/netlink';
import { NftProgram, type NftRunner, TraceSocket, type TraceStep } from '#linux/nftables';
import { PacketSocket, probePacket } from '#linux/packet';
import type { Host } from './host.ts';
import { type HostRules, type RuleTable, run } from './rules.ts';

/** Would the host's own rules take in a first packet like this? */
export interface Question {
  readonly interface: string;
  readonly source: string;
  readonly destination: string;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly port: number;
}

/** Ours in the scratch namespace; it must not be one of the host's. */
const TABLE = 'berth-replay';
const PASSED = 'size 1048576; flags dynamic;';

/** Frames under way at once: the kernel drops what is beyond net.core.netdev_max_backlog. */
const BURST = 200;
const PATIENCE_MS = 5_000;

/** Where the questions come from, when no rule is about that port. */
const SOURCE_PORTS = [50_021, 50_023, 50_033];

/**
 * The host's rules in a network namespace of this process, with interfaces and addresses of the same names. What
 * enters it is real packets, so the answers are the kernel's own; nothing of it can reach the host or the world.
 * Synchronous, for a process of its own, which is in that namespace until this is disposed of.
 */
export class Replay implements Disposable {
  readonly #resources: DisposableStack;
  readonly #nft: NftRunner;
  readonly #sockets = new Map<string, { socket: PacketSocket; mac: { from: string; to: string } }>();
  readonly #sourcePort: number;
  /** What could not be loaded, in words. */
  readonly problems: readonly string[];
  #asked = 0;

  private constructor(resources: DisposableStack, nft: NftRunner, rules: HostRules, problems: string[]) {
    this.#resources = resources;
    this.#nft = nft;
    this.problems = problems;
    const text = rules.tables.map((table) => table.text).join('\n');
    this.#sourcePort = SOURCE_PORTS.find((port) => !text.includes(String(port))) ?? 50_077;
  }

  static open(rules: HostRules, host: Host): Replay {
    using resources = new DisposableStack();
    resources.use(enterScratchNetns());
    prepareSysctls();
    const nft = resources.use(new NftProgram());
    const problems = [...rules.problems];
    const replay = new Replay(resources.move(), nft, rules, problems);
    try {
      replay.#build(host, problems);
      load(nft, rules, problems);
      nft.run(recorder());
      return replay;
    } catch (error) {
      replay[Symbol.dispose]();
      throw error;
    }
  }

  #build(host: Host, problems: string[]): void {
    const route = this.#resources.use(new RouteSocket());
    const peer = (index: number) => `berth-in${index}`;
    const requests = host.interfaces.flatMap(({ name, addresses }, index): Request[] => [
      { op: 'link-add-veth', name, peer: peer(index), peerNetns: '/proc/thread-self/ns/net' },
      { op: 'link-up', name: peer(index) },
      ...addresses.map(
        ({ address, prefix }): Request => ({ op: 'addr-add', name, address, prefix, nodad: true }),
      ),
    ]);
    route.send([{ op: 'link-up', name: 'lo' }, ...requests], { ignore: ['EEXIST', 'EADDRNOTAVAIL'] });
    for (const { interface: name, ...rest } of host.routes) {
      try {
        route.send([{ op: 'route-add', name, ...rest }], { ignore: ['EEXIST'] });
      } catch (error) {
        problems.push(`route ${rest.destination}/${rest.prefix}: ${messageOf(error)}`);
      }
    }
    for (const [index, { name }] of host.interfaces.entries()) {
      const [inside, outside] = [route.link(name), route.link(peer(index))];
      if (!inside || !outside) continue;
      const socket = this.#resources.use(new PacketSocket(outside.index));
      this.#sockets.set(name, { socket, mac: { from: outside.mac, to: inside.mac } });
    }
  }

  /** One answer for each question. @throws system when packets got lost */
  ask(questions: readonly Question[]): boolean[] {
    this.#nft.run(`flush set inet ${TABLE} passed4\nflush set inet ${TABLE} passed6`);
    for (let start = 0; start < questions.length; start += BURST) {
      for (const question of questions.slice(start, start + BURST)) this.#send(question);
      this.#settle();
    }
    const passed = new Set([...this.#members('passed4'), ...this.#members('passed6')]);
    return questions.map((question) => passed.has(keyOf(question)));
  }

  /** The way of one packet through the rules. */
  trace(question: Question): { passed: boolean; steps: TraceStep[] } {
    using trace = new TraceSocket();
    this.#nft.run(`add rule inet ${TABLE} first meta nftrace set 1`);
    try {
      const [passed = false] = this.ask([question]);
      return { passed, steps: trace.read().filter(({ table }) => table !== TABLE) };
    } finally {
      this.#nft.run(`flush chain inet ${TABLE} first\nadd rule inet ${TABLE} first counter name seen`);
    }
  }

  /** `list chain` with handles, to find the rule of a trace in. */
  list(command: string): string {
    return this.#nft.list(command, { handles: true });
  }

  #send({ interface: name, source, destination, protocol, port }: Question): void {
    const outlet = this.#sockets.get(name);
    if (!outlet) throw systemError(`no interface ${name} in the replay of the host's rules`);
    const packet = { source, destination, protocol, port, sourcePort: this.#sourcePort };
    outlet.socket.send(probePacket(packet, outlet.mac));
    this.#asked++;
  }

  /** Waits until the kernel has taken in all that was sent. */
  #settle(): void {
    const deadline = performance.now() + PATIENCE_MS;
    while (this.#seen() < this.#asked) {
      if (performance.now() > deadline)
        throw systemError("packets got lost in the replay of the host's rules");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }

  #seen(): number {
    const listing = this.#nft.query(`list counter inet ${TABLE} seen`) as { counter?: { packets: number } }[];
    return listing.find(({ counter }) => counter)?.counter?.packets ?? 0;
  }

  #members(set: string): string[] {
    const listing = this.#nft.query(`list set inet ${TABLE} ${set}`) as { set?: { elem?: unknown[] } }[];
    const members = listing.find((entry) => entry.set)?.set?.elem ?? [];
    return members.map((member) => {
      const { concat = [] } = member as { concat?: unknown[] };
      return concat.map((part) => (part === 132 ? 'sctp' : String(part))).join(' ');
    });
  }

  [Symbol.dispose](): void {
    this.#resources.dispose();
  }
}

const keyOf = ({ interface: name, source, destination, protocol, port }: Question): string =>
  [name, source, destination, protocol, port].join(' ');

/** Counts what comes in first, and notes last what no rule of the host has dropped; then it goes no further. */
const recorder = (): string => `table inet ${TABLE} {
  counter seen { }
  set passed4 { type ifname . ipv4_addr . ipv4_addr . inet_proto . inet_service; ${PASSED} }
  set passed6 { type ifname . ipv6_addr . ipv6_addr . inet_proto . inet_service; ${PASSED} }
  chain first { type filter hook prerouting priority -2000000000; meta l4proto { tcp, udp, sctp } counter name seen; }
  chain last {
    type filter hook input priority 2000000000; policy drop;
    add @passed4 { iifname . ip saddr . ip daddr . meta l4proto . th dport }
    add @passed6 { iifname . ip6 saddr . ip6 daddr . meta l4proto . th dport }
  }
  chain silent { type filter hook output priority -2000000000; policy drop; }
}`;

/** Every address is a possible source on every interface, and no packet is looked at twice. */
function prepareSysctls(): void {
  const settings = {
    'ipv4/conf/all/rp_filter': '0',
    'ipv4/conf/default/rp_filter': '0',
    'ipv4/conf/all/log_martians': '0',
    'ipv4/conf/default/log_martians': '0',
    'ipv6/conf/default/accept_dad': '0',
    'ipv6/conf/default/accept_ra': '0',
  };
  for (const [name, value] of Object.entries(settings)) {
    try {
      writeFileSync(`/proc/sys/net/${name}`, value);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }
}

function load(nft: NftRunner, rules: HostRules, problems: string[]): void {
  const attempt = (what: string, work: () => void) => {
    try {
      work();
    } catch (error) {
      problems.push(`${what} cannot be replayed: ${messageOf(error).split('\n', 1)[0]}`);
    }
  };
  if (rules.ipsets !== '') attempt('ipset', () => void run('ipset', ['restore'], rules.ipsets));
  for (const table of rules.tables) {
    attempt(`table ${table.family} ${table.name}`, () => loadTable(nft, table));
  }
}

function loadTable(nft: NftRunner, { kind, family, text }: RuleTable): void {
  if (kind === 'nft') {
    nft.run(loadable(text));
    return;
  }
  const program = family === 'ip' ? 'iptables' : 'ip6tables';
  run(`${program}-${kind === 'iptables' ? 'nft' : 'legacy'}-restore`, [], text);
}

/** Without what has no meaning elsewhere: owner flags (which this nft may not even spell), devices of offloading. */
export function loadable(text: string): string {
  return text
    .replace(/^(table .*\{.*\n)\tflags .*\n/m, '$1')
    .replace(/^\tflowtable \S+ \{\n(?:\t\t.*\n)*\t\}\n/gm, '')
    .replace(/^.*flow add @.*\n/gm, '');
}
