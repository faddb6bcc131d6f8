import { readHost } from './host.ts';
import { mentionsIn } from './mentions.ts';
import { Replay } from './replay.ts';
import { readRules } from './rules.ts';

console.log(process.argv[2]);
let t = performance.now();
const lap = (what: string) => {
  console.log(what, (performance.now() - t).toFixed(1));
  t = performance.now();
};
const rules = readRules((name) => name.startsWith('berth'));
lap('read rules');
const host = readHost(() => false);
lap('read host');
console.log(
  JSON.stringify(host),
  rules.problems,
  rules.tables.map(({ kind, family, name }) => [kind, family, name].join(' ')),
);
const m = mentionsIn(rules.tables.map((t) => t.text));
lap('mentions');
console.log(new Set(m.four.map((x) => x.name)).size, new Set(m.ports.map((x) => x.name)).size);
const replay = Replay.open(rules, host);
lap('open');
console.log(replay.problems);
const q = (
  protocol: 'tcp' | 'udp' | 'sctp',
  port: number,
  source = '198.51.100.2',
  destination = '198.51.100.1',
) => ({ interface: 'ext0', source, destination, protocol, port });
console.log(
  replay.ask([
    q('tcp', 8080),
    q('udp', 8080),
    q('sctp', 8080),
    q('tcp', 22),
    q('tcp', 9090),
    q('tcp', 9090, '10.1.2.3'),
    q('tcp', 8080, '2001:db8:1::2', '2001:db8:1::1'),
  ]),
);
lap('ask 7');
const many = Array.from({ length: 20000 }, (_, i) => q('tcp', 8000 + i));
console.log(
  replay
    .ask(many)
    .map((x, i) => (x ? 8000 + i : 0))
    .filter(Boolean),
);
lap('ask 20000');
console.log(
  JSON.stringify(replay.trace(q('tcp', 8080)).steps.slice(-4)),
  replay.trace(q('tcp', 9090)).steps.slice(-3),
);
lap('trace');
replay[Symbol.dispose]();
lap('dispose');
