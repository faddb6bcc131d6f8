import type { EngineContender } from '../../contender.ts';
import { type Measurement, one } from '../../measurement.ts';
import { joinByVeth, NetworkNamespace, runIn } from '../../namespace.ts';
import type { Scenario } from '../../scenario.ts';
import { openServer, runBeside, SERVER } from './inside.ts';

const SECONDS = '2';
const STREAM = 5201;
const PINGPONG = 11_111;
const HOST = '198.18.77.1';
const CLIENT = '198.18.77.2';
/** What a server runs that traffic is measured to, and the flags that publish it. */
export const SERVE = [
  'sh',
  '-c',
  `sockperf server --tcp -p ${PINGPONG} >/dev/null 2>&1 & exec iperf3 -s >/dev/null`,
];
export const PUBLISH = ['-p', `${STREAM}:${STREAM}`, '-p', `${PINGPONG}:${PINGPONG}`];

const stream = (host: string) => ['iperf3', '-c', host, '-t', SECONDS, '-J'];
const pingPong = (host: string) => [
  'sockperf',
  'ping-pong',
  '--tcp',
  '-i',
  host,
  '-p',
  String(PINGPONG),
  '-t',
  SECONDS,
  '--full-rtt',
];

type Run = (argv: readonly string[]) => Promise<string>;

/** A stream, then one byte there and back again and again. */
async function measure(what: string, host: string, run: Run): Promise<Measurement[]> {
  const { end } = JSON.parse(await run(stream(host))) as {
    end: { sum_received: { bits_per_second: number } };
  };
  const median = /percentile 50\.000 =\s+([\d.]+)/.exec(await run(pingPong(host)))?.[1];
  return [
    one(`throughput ${what}`, 'Gbit/s', end.sum_received.bits_per_second / 1e9),
    one(`round trip ${what}`, 'us', Number(median)),
  ];
}

const BESIDE = 'between two containers';
const PUBLISHED = 'through a published port';

/** Packets between containers, and from another machine to a published port; the floor has the same wires and no engine. */
export const traffic: Scenario = {
  rounds: 3,
  patience: 60_000,
  engine(contender, signal) {
    const { engine } = contender;
    if (!engine) return undefined;
    return (async () => {
      await using _server = await openServer(contender, { argv: SERVE, flags: PUBLISH, signal });
      return [
        ...(await measure(BESIDE, SERVER, (argv) => runBeside(contender, argv, signal))),
        ...(await measureOutside(PUBLISHED, engine.network)),
      ];
    })();
  },
  floor: async () => {
    await using wires = await layWires();
    return [
      ...(await measure(BESIDE, SERVER, (argv) => wires.beside.run(...argv))),
      ...(await measure(PUBLISHED, SERVER, (argv) => wires.outside.run(...argv))),
      ...(await measure('over a bare veth pair', '198.18.78.1', (argv) => wires.beside.run(...argv))),
    ];
  },
};

/** By a client that reaches the engine's host over a wire. */
export async function measureOutside(
  what: string,
  network: NonNullable<EngineContender['engine']>['network'],
): Promise<Measurement[]> {
  await using outside = await NetworkNamespace.open();
  const host = { namespace: network, name: 'bench-wire', address: `${HOST}/30` };
  await joinByVeth(host, { namespace: outside.path, name: 'eth0', address: `${CLIENT}/30` });
  try {
    return await measure(what, HOST, (argv) => outside.run(...argv));
  } finally {
    await runIn(network, 'ip', 'link', 'del', 'bench-wire');
  }
}

/** A server and its neighbour on a bridge, and a client outside whose packets are forwarded: bare, without a rule. */
async function layWires() {
  await using stack = new AsyncDisposableStack();
  const open = async () => stack.use(await NetworkNamespace.open());
  const [host, server, beside, outside] = [await open(), await open(), await open(), await open()];
  await host.run('sh', '-c', 'echo 1 >/proc/sys/net/ipv4/ip_forward');
  await host.run('ip', 'link', 'add', 'br0', 'type', 'bridge');
  await host.run('ip', 'addr', 'add', '10.223.77.1/24', 'dev', 'br0');
  await host.run('ip', 'link', 'set', 'br0', 'up');
  for (const [name, container, address] of [
    ['veth0', server, `${SERVER}/24`],
    ['veth1', beside, '10.223.77.11/24'],
  ] as const) {
    const port = { namespace: host.path, name, bridge: 'br0' };
    await joinByVeth(port, { namespace: container.path, name: 'eth0', address });
    await container.run('ip', 'route', 'add', 'default', 'via', '10.223.77.1');
  }
  const wire = { namespace: host.path, name: 'wire', address: `${HOST}/30` };
  await joinByVeth(wire, { namespace: outside.path, name: 'eth0', address: `${CLIENT}/30` });
  await outside.run('ip', 'route', 'add', 'default', 'via', HOST);
  const direct = { namespace: server.path, name: 'direct', address: '198.18.78.1/30' };
  await joinByVeth(direct, { namespace: beside.path, name: 'direct', address: '198.18.78.2/30' });
  stack.use(server.start('sockperf', 'server', '--tcp', '-p', String(PINGPONG)));
  stack.use(server.start('iperf3', '-s'));
  await server.run(
    'sh',
    '-c',
    `until ss -ltn | grep -q ${STREAM} && ss -ltn | grep -q ${PINGPONG}; do sleep 0.1; done`,
  );
  const kept = stack.move();
  return { beside, outside, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
