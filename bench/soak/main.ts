import { parseArgs } from 'node:util';
import { busyboxRootfs } from '../../scripts/busybox-image.ts';
import { EngineApi } from '../engine-api.ts';
import { attachAll } from './attached.ts';
import { gather, hammer, list, startTime } from './crowd.ts';
import { cycle, growth, settled } from './cycles.ts';
import { diskUsage, type Holdings, residentSet } from './holdings.ts';
import { manyNetworks } from './networks.ts';
import { SUBJECTS, startSubject } from './start-subject.ts';
import type { Subject } from './subject.ts';

const options = {
  peers: { type: 'string', default: 'berth' },
  cycles: { type: 'string', default: '1000' },
  containers: { type: 'string', default: '1000' },
  clients: { type: 'string', default: '24' },
  networks: { type: 'string', default: '1000' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

const USAGE = `npm run soak -- [options]
  --peers LIST      from ${SUBJECTS.join(',')} (berth)
  --cycles N        containers created, started, stopped and removed, 4 at a time (1000)
  --containers N    so many at once, to list and to inspect (1000)
  --clients N       attached at the same time, at full log speed (24)
  --networks N      bridge networks at once, with a kill -9 among them (1000; of berth)
A part is left out with 0.`;

const WARM_UP = 40;
const RUNNING = 20;
const LINES = 50_000;
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

async function soakCycles(subject: Subject, cycles: number, signal: AbortSignal): Promise<void> {
  // What is made once: pools, threads, caches.
  await cycle(subject, WARM_UP, signal);
  const before = await settled(subject);
  const [memory, disk] = [residentSet(subject), diskUsage(subject)];
  const start = performance.now();
  await cycle(subject, cycles, signal);
  const perSecond = (cycles * 1000) / (performance.now() - start);
  const after = await settled(subject, before);
  console.log(`\n${cycles} cycles of create, start, stop and remove, ${perSecond.toFixed(1)} a second:\n`);
  printTable(before, after, [
    ['RSS', memory, residentSet(subject)],
    ['disk', disk, diskUsage(subject)],
  ]);
  const leaks = growth(before, after);
  for (const leak of leaks) console.log(`  GREW: ${leak}`);
  if (leaks.length > 0) process.exitCode = 1;
}

function printTable(
  before: Holdings,
  after: Holdings,
  sizes: readonly (readonly [what: string, before: number, after: number])[],
): void {
  const signed = (value: number, shown: string) => (value > 0 ? `+${shown}` : shown);
  const rows = [
    ...(Object.keys(before) as (keyof Holdings)[]).map((what) => {
      const difference = after[what] - before[what];
      return [what, String(before[what]), String(after[what]), signed(difference, String(difference))];
    }),
    ...sizes.map(([what, was, is]) => [
      what,
      megabytes(was),
      megabytes(is),
      signed(is - was, megabytes(is - was)),
    ]),
  ];
  const line = ([what = '', ...cells]: readonly string[]) =>
    `  ${what.padEnd(30)}${cells.map((cell) => cell.padStart(12)).join('')}`;
  console.log(line(['', 'before', 'after', 'difference']));
  for (const row of rows) console.log(line(row));
}

async function soakCrowd(subject: Subject, api: EngineApi, containers: number): Promise<void> {
  const alone = await startTime(api, 15);
  const crowd = await gather(api, containers, Math.min(RUNNING, containers));
  const listed = await list(subject, api, 50);
  const path = `/v1.40/containers/${crowd.ids[0]}/json`;
  const most = await hammer(subject, path, { seconds: 5, connections: 4 });
  let busy = Number.NaN;
  const paced = await hammer(subject, path, { seconds: 8, connections: 4, rate: 2000 }, async () => {
    busy = await startTime(api, 15);
  });
  console.log(`
With ${containers} containers, ${RUNNING} of them running:
  GET /containers/json?all=1     ${listed.time.toFixed(1)} ms for ${megabytes(listed.bytes)}; RSS ${megabytes(residentSet(subject))}, ${megabytes(listed.growth)} more after 50 times
  GET /containers/{id}/json      ${(most.requests / most.seconds).toFixed(0)} a second, ${(most.requests / most.cpuSeconds).toFixed(0)} for each second of CPU time, ${most.failures} failed
  start                          ${alone.toFixed(1)} ms alone, ${busy.toFixed(1)} ms (${(busy / alone).toFixed(1)}x) beside ${(paced.requests / paced.seconds).toFixed(0)} inspections a second`);
  await crowd.remove();
}

async function soakAttached(api: EngineApi, clients: number): Promise<void> {
  const { bytesPerSecond, losses } = await attachAll(api, clients, LINES);
  console.log(`
${clients} attached clients, ${LINES} numbered lines each, at full speed:
  ${megabytes(bytesPerSecond)} a second in all; ${losses.length === 0 ? 'nothing lost, nothing twice, in the streams and in the logs' : `LOST: ${losses.join('; ')}`}`);
  if (losses.length > 0) process.exitCode = 1;
}

async function soakNetworks(
  subject: Subject,
  restart: NonNullable<Subject['restart']>,
  { count, signal }: { count: number; signal: AbortSignal },
): Promise<void> {
  const result = await manyNetworks(subject, restart, { count, signal });
  const { faults, ...times } = result;
  const ms = (what: keyof typeof times) => `${times[what].toFixed(times[what] < 100 ? 1 : 0)} ms`;
  console.log(`
With ${count} networks:
  create                         ${ms('firstCreates')} the first, ${ms('lastCreates')} the last
  GET /networks                  ${ms('list')}
  start on the last              ${ms('start')}
  start after a kill -9          ${ms('recovery')}
  prune                          ${ms('prune')}; a ping meanwhile at most ${ms('pingMeanwhile')}
  the kernel is done with it     ${ms('bridgesGone')} later, after another kill -9
  stop and start                 ${ms('shutdown')} and ${ms('startAgain')}`);
  for (const fault of faults) console.log(`  WRONG: ${fault}`);
  if (faults.length > 0) process.exitCode = 1;
}

function natural(value: string, flag: string): number {
  if (!/^\d+$/.test(value)) throw new Error(`--${flag} takes a number, not ${value}`);
  return Number(value);
}

async function main(): Promise<void> {
  const { values: flags } = parseArgs({ options });
  if (flags.help) return console.log(USAGE);
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => interrupted.abort(new Error(`ended by ${name}`)));
  const { signal } = interrupted;
  const [cycles, containers, clients, networks] = [
    natural(flags.cycles, 'cycles'),
    natural(flags.containers, 'containers'),
    natural(flags.clients, 'clients'),
    natural(flags.networks, 'networks'),
  ];
  const rootfs = await busyboxRootfs();
  for (const peer of flags.peers.split(',')) {
    await using subject = await startSubject(peer, rootfs);
    console.log(`\n== ${subject.name}`);
    using api = new EngineApi(subject.socket, {}, signal);
    if (cycles > 0) await soakCycles(subject, cycles, signal);
    if (containers > 0) await soakCrowd(subject, api, containers);
    if (clients > 0) await soakAttached(api, clients);
    const { restart } = subject;
    if (networks > 0 && restart) await soakNetworks(subject, restart, { count: networks, signal });
  }
}

await main();
