import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AttachRecord } from './attach.ts';
import { Bundle } from './bundle.ts';
import type { Running } from './create.ts';
import { Bench, eventually } from './runtimes.fixture.ts';

type Known = Running & { readonly id: string };
interface Report {
  readonly identities: Readonly<
    Record<'running' | 'exits' | 'created' | 'types' | 'orphan' | 'stranger', Known>
  >;
  readonly half: string;
  readonly untouched: string;
  readonly execPid: number;
}

const bench = new Bench();
let report: Report;
let before9 = 0;

/** A daemon makes containers and is killed; 0.5 s later another one is here. */
before(async () => {
  const daemon = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'daemon.fixture.ts'), bench.top],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  report = await firstLine(daemon);
  before9 = lastCount();
  daemon.kill('SIGKILL');
  await once(daemon, 'exit');
  process.kill(report.identities.orphan.conmonPid, 'SIGKILL');
  await bench.open();
  // As soon as it can be: its create has not come to its end.
  assert.equal(bench.runtimes.adopt(report.half, undefined).state, 'gone');
  await bench.runtimes.delete(report.half);
  await sleep(500);
});
after(async () => assert.deepEqual(await bench.close(), []));

async function firstLine(daemon: ChildProcess): Promise<Report> {
  let text = '';
  for await (const chunk of daemon.stdout ?? []) {
    text += String(chunk);
    if (text.includes('\n')) return JSON.parse(text) as Report;
  }
  throw new Error('the daemon ended too early');
}
const counts = () =>
  bench
    .logged(report.identities.running.id)
    .split('\n')
    .filter((line) => line !== '')
    .map(Number);
const lastCount = () => counts().at(-1) ?? 0;

test('what ran runs on, and its log has no gap', async () => {
  const { id, identity } = report.identities.running;
  assert.deepEqual(bench.runtimes.adopt(id, identity), { state: 'running', identity });
  assert.deepEqual(bench.runtimes.adopt(id, identity), { state: 'running', identity }, 'twice is once');
  await eventually(() => lastCount() > before9 + 10, 'it counts on');
  counts().forEach((count, i) => assert.equal(count, i + 1));
  const session = await bench.exec(id, ['true']);
  assert.equal(await session.exited, 0);
});

test('a detached exec runs on', () => {
  assert.match(readFileSync(`/proc/${report.execPid}/cmdline`, 'utf8'), /while/);
});

test('what ended meanwhile has its exit code', async () => {
  const { id, identity } = report.identities.exits;
  const { state, exit } = bench.runtimes.adopt(id, identity);
  assert.deepEqual([state, exit?.code, exit?.oomKilled], ['exited', 42, false]);
  assert.equal((await bench.runtimes.exited(id)).code, 42);
});

test('what was created can still be started', async () => {
  const { id, identity } = report.identities.created;
  assert.equal(bench.runtimes.adopt(id, identity).state, 'created');
  await bench.runtimes.start(id);
  assert.equal((await bench.runtimes.exited(id)).code, 5);
  assert.equal(bench.logged(id), 'late\n');
});

test('stdin that stays open can be typed to again', async () => {
  const { id, identity } = report.identities.types;
  assert.equal(bench.runtimes.adopt(id, identity).state, 'running');
  const client = bench.runtimes.attach(id);
  client.write('again\n');
  const [record] = (await once(client, 'data')) as [AttachRecord];
  assert.equal(record.data.toString(), 'again\n');
  client.destroy();
});

test('without its conmon a container is still held, and its exit code known', async () => {
  const { id, identity } = report.identities.orphan;
  assert.equal(bench.runtimes.adopt(id, identity).state, 'running');
  assert.ok(bench.warnings.some((warning) => warning.includes(id)));
  await bench.runtimes.signal(id, 15);
  assert.equal((await bench.runtimes.exited(id)).code, 6);
});

test('a conmon that is killed under our eyes', async () => {
  const id = await bench.run(['sh', '-c', 'trap "exit 8" TERM; while :; do sleep 0.02; done']);
  const { identity } = bench.runtimes.adopt(id, undefined);
  assert.ok(identity);
  const conmon = new Bundle(join(bench.root, 'bundles', id)).processes()?.conmon;
  assert.ok(conmon);
  process.kill(conmon.pid, 'SIGKILL');
  await sleep(100);
  assert.equal(bench.runtimes.adopt(id, identity).state, 'running');
  await bench.runtimes.signal(id, 15);
  assert.equal((await bench.runtimes.exited(id)).code, 8);
});

test('another process with its pid is not taken for it', async () => {
  const { id, identity } = report.identities.stranger;
  assert.equal(bench.runtimes.adopt(id, { ...identity, startTime: '1' }).state, 'gone');
  assert.equal(bench.runtimes.adopt('f'.repeat(64), identity).state, 'gone');
  await bench.runtimes.delete(id);
});

test('a create that its daemon did not live to see leaves a container without conmon: gone, and removable', async () => {
  assert.ok(bench.runtimes.bundles().includes(report.untouched));
  assert.equal(bench.runtimes.adopt(report.untouched, undefined).state, 'gone');
  await bench.runtimes.delete(report.untouched);
  assert.ok(!bench.runtimes.bundles().includes(report.untouched));
  assert.ok(!bench.runtimes.bundles().includes(report.half));
});
