import { run } from '../../command.ts';
import type { EngineContender } from '../../contender.ts';

const bench = new URL('../../', import.meta.url).pathname;

/** Programs of this host, for containers whose image has none of them. */
const PROGRAMS = [
  ['/usr/lib', '/lib'],
  ['/usr/lib64', '/lib64'],
  ['/usr/bin/iperf3', '/bin/iperf3'],
  ['/usr/bin/sockperf', '/bin/sockperf'],
  [process.execPath, '/bin/node'],
  [`${bench}programs`, '/programs'],
].flatMap(([from, to]) => ['-v', `${from}:${to}:ro`]);

export const NETWORK = 'bench-net';
const SUBNET = '10.223.77';
export const SERVER = `${SUBNET}.10`;

/** A network, and on it a container at a known address; they go with it. */
export async function openServer(
  { command, runFlags }: EngineContender,
  options: {
    readonly flags?: readonly string[];
    readonly argv: readonly string[];
    readonly signal: AbortSignal;
  },
): Promise<AsyncDisposable> {
  const { flags = [], argv, signal } = options;
  await using stack = new AsyncDisposableStack();
  await run([...command, 'network', 'create', '--subnet', `${SUBNET}.0/24`, NETWORK], { signal });
  stack.defer(async () => void (await run([...command, 'network', 'rm', NETWORK])));
  const place = ['--network', NETWORK, '--ip', SERVER, '--name', 'server'];
  await run([...command, 'run', ...runFlags, '-d', ...place, ...PROGRAMS, ...flags, 'busybox', ...argv], {
    signal,
  });
  stack.defer(async () => void (await run([...command, 'rm', '-f', 'server'])));
  return stack.move();
}

/** What a program prints that runs in a container beside the server. */
export const runBeside = (
  { command, runFlags }: EngineContender,
  argv: readonly string[],
  signal: AbortSignal,
): Promise<string> =>
  run([...command, 'run', ...runFlags, '--rm', '--network', NETWORK, ...PROGRAMS, 'busybox', ...argv], {
    signal,
  });
