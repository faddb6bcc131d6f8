/**
 * Attacks every operation of the API with malformed and hostile requests:
 *
 *   node test/fuzz/run.ts [--runs=N | --minutes=N] [--seed=N] [--path=P] [--verbose] [--keep-going]
 *
 * Never a 5xx for a client's mistake, never a crash, a hang or something left behind. The seed repeats a run;
 * the path, which a failure prints, goes straight to the request that failed. To be run in a network namespace of
 * its own (`unshare --net`): networks with hostile addresses are made.
 */
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { Daemon } from '../fixtures/daemon.ts';
import { expectNothingLeft } from '../fixtures/footprint.ts';
import { garbage, throwAt } from './garbage.ts';
import { type Attack, attack } from './request.ts';
import { type Outcome, send } from './send.ts';
import { World } from './world.ts';

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string' },
    minutes: { type: 'string' },
    seed: { type: 'string' },
    path: { type: 'string' },
    verbose: { type: 'boolean' },
    'keep-going': { type: 'boolean' },
  },
});
const seed = Number(options.seed ?? Date.now() % 1_000_000_000);
const minutes = Number(options.minutes ?? 0);
const SWEEP_INTERVAL = 150;

/** Requests with these may change the world for those that come after. */
const CHANGING = new Set(['POST', 'PUT', 'DELETE']);

const statuses = new Map<number, number>();
const found = new Set<string>();
let sent = 0;

async function check(world: World, one: Attack): Promise<void> {
  const makes = /\/(create|commit|load|connect)(\?|$)/.test(one.path);
  const before = makes ? await world.census() : '';
  if (options.verbose)
    console.error(
      JSON.stringify({ ...one, operation: undefined, method: one.operation.method }).slice(0, 3000),
    );
  const outcome = await send(`${world.daemon.root}/s`, one, world.exec);
  sent++;
  statuses.set(outcome?.status ?? 0, (statuses.get(outcome?.status ?? 0) ?? 0) + 1);
  judge(one, outcome);
  if (one.operation.body === 'containerRun' && outcome?.status === 201) await startIt(world, one, outcome);
  if (!world.daemon.runs) throw new Error(`the daemon has died:\n${world.daemon.log.slice(-4000)}`);
  if (makes && outcome && outcome.status >= 400) {
    const after = await world.census();
    if (before !== after) throw new Error(`refused, and something is left: ${before} became ${after}`);
  }
  if (CHANGING.has(one.operation.method)) await world.restore();
  if (sent % SWEEP_INTERVAL === 0) await world.sweep();
}

/** What could be created can be started, or says why not; in any case it can be removed. */
async function startIt(world: World, one: Attack, created: Outcome): Promise<void> {
  const { Id } = JSON.parse(created.text) as { readonly Id: string };
  const operation = { ...one.operation, method: 'POST', query: [] };
  const attack = { operation, path: `/containers/${Id}/start`, headers: {}, body: undefined };
  judge(attack, await send(`${world.daemon.root}/s`, attack, ''));
  const removed = await world.daemon.request('DELETE', `/containers/${Id}?force=1&v=1`);
  if (removed.status >= 400 && removed.status !== 404 && removed.status !== 409)
    throw new Error(`what was started cannot be removed: ${removed.status} ${removed.body}`);
}

/** Says what is wrong and goes on, once for each kind of it. */
async function report(world: World, one: Attack): Promise<void> {
  try {
    await check(world, one);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const kind = `${one.operation.path} ${text.replace(/[0-9a-f]{12,}/g, '#')}`.slice(0, 300);
    if (!found.has(kind))
      console.log(
        `${text.slice(0, 600)}\n    ${JSON.stringify({ ...one, operation: one.operation.method }).slice(0, 1500)}`,
      );
    found.add(kind);
    if (!world.daemon.runs) throw error;
    await world.restore();
  }
}

/** What no request may be answered with. */
function judge({ operation }: Attack, outcome: Outcome | undefined): void {
  if (!outcome) return;
  const { status, type, text } = outcome;
  const described = `${status} ${text.slice(0, 500)}`;
  const away = status === 503 && (operation.remote || /swarm/.test(text));
  if (status >= 500 && status !== 501 && !away)
    throw new Error(`a client's mistake is answered with ${described}`);
  if (status < 100) throw new Error(`no status: ${described}`);
  if (status >= 400 && operation.method !== 'HEAD' && type.startsWith('application/json')) {
    const { message } = JSON.parse(text) as { readonly message?: unknown };
    if (typeof message !== 'string' || message === '')
      throw new Error(`an error without a message: ${described}`);
  }
}

async function main(): Promise<void> {
  console.log(`seed ${seed}`);
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  // Nothing is reached from here, and it is found out at once.
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'])
    process.env[name] = 'http://127.0.0.1:1';
  await using daemon = await Daemon.start();
  await daemon.importBusybox();
  const world = await World.make(daemon);
  const property = fc.asyncProperty(
    attack,
    options['keep-going'] ? (one) => report(world, one) : (one) => check(world, one),
  );
  const result = await fc.check(property, {
    seed,
    ...(options.path && { path: options.path }),
    numRuns: minutes > 0 ? 10_000_000 : Number(options.runs ?? 500),
    ...(minutes > 0 && { interruptAfterTimeLimit: minutes * 60_000, markInterruptAsFailure: false }),
    endOnFailure: options.path === undefined && minutes === 0,
  });
  const noise = await fc.check(
    fc.asyncProperty(garbage, async (bytes) => {
      await throwAt(`${daemon.root}/s`, bytes);
      if (!daemon.runs || (await daemon.request('GET', '/_ping')).status !== 200)
        throw new Error('the daemon has gone');
    }),
    { seed, numRuns: minutes > 0 ? 2_000 : 40, endOnFailure: true },
  );
  if (noise.failed) {
    console.log(`garbage: ${JSON.stringify(noise.counterexample)}: ${String(noise.errorInstance)}`);
    process.exitCode = 1;
  }
  const shown = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
  console.log(`${sent} requests, by status: ${shown.join(', ')}`);
  if (found.size > 0) process.exitCode = 1;
  if (result.failed) {
    const { operation, ...one } = result.counterexample?.[0] ?? ({} as Partial<Attack>);
    console.log(JSON.stringify({ method: operation?.method, ...one }, undefined, 2).slice(0, 8000));
    console.log(
      result.errorInstance instanceof Error ? result.errorInstance.message : String(result.errorInstance),
    );
    console.log(
      daemon.log
        .split('\n')
        .filter((line) => /request failed|uncaught|panic/i.test(line))
        .slice(-3)
        .join('\n'),
    );
    console.log(`again: node test/fuzz/run.ts --seed=${seed} --path=${result.counterexamplePath}`);
    process.exitCode = 1;
  }
  await world.sweep();
  await daemon.removeAll();
  const networks = (await daemon.ok('network', 'ls', '-q', '--filter', 'type=custom'))
    .split('\n')
    .filter(Boolean);
  if (networks.length > 0) await daemon.ok('network', 'rm', ...networks);
  await expectNothingLeft(daemon);
}

await main();
