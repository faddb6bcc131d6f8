import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { newId } from '#lib/ids';
import type { AttachRecord } from './attach.ts';
import { Bench, eventually, textOf } from './runtimes.fixture.ts';

/** Longer than the address of a unix socket can be (107 bytes), in every part of it. */
const long = new Bench({ below: `${'a'.repeat(60)}/${'b'.repeat(60)}` });
const short = new Bench();
before(() => Promise.all([long.open(), short.open()]));
after(async () => {
  assert.deepEqual(await short.close(), []);
  assert.deepEqual(await long.close(), []);
});

test('a long exec root: attach, terminal, exec with a terminal', async () => {
  const id = await long.create(['sh', '-c', 'read x; echo "<$x>"; sleep 500'], {
    terminal: true,
    openStdin: true,
  });
  const client = long.runtimes.attach(id);
  await long.runtimes.start(id);
  let text = '';
  client.on('data', ({ data }: AttachRecord) => (text += data.toString()));
  client.write('typed\n');
  await eventually(() => text.includes('<typed>'), 'it answers');
  await long.runtimes.resize(id, 10, 20);
  const session = await long.exec(id, ['tty'], { terminal: true });
  assert.match(await textOf(session.stdout), /\/dev\/pts\//);
  const detached = await long.exec(id, ['sh', '-c', 'exit 6'], { detached: true });
  assert.equal(await detached.exited, 6);
  await long.runtimes.delete(id);
});

test('two engines with containers of the same id do not meet', async () => {
  const id = newId();
  for (const [bench, code] of [
    [long, 1],
    [short, 2],
  ] as const) {
    await bench.runtimes.create(
      bench.options(id, ['sh', '-c', `read x; exit ${code}`], { openStdin: true, stdinOnce: true }),
    );
    await bench.runtimes.start(id);
  }
  await short.runtimes.delete(id);
  assert.equal(long.runtimes.adopt(id, undefined).state, 'running');
  long.runtimes.attach(id).end('\n');
  assert.equal((await long.runtimes.exited(id)).code, 1);
  await long.runtimes.delete(id);
});

test('the parent cgroup goes with the last container, when the engine closes', async () => {
  const bench = new Bench();
  await bench.open();
  const id = await bench.run(['sleep', '100']);
  const parents = ['/sys/fs/cgroup/pids', '/sys/fs/cgroup'].map((at) => `${at}${bench.cgroupParent}`);
  assert.ok(parents.some(existsSync));
  await bench.runtimes.close();
  assert.ok(parents.some(existsSync), 'it is in use');
  await bench.open();
  assert.equal(bench.runtimes.adopt(id, undefined).state, 'running', 'closing left it alone');
  assert.deepEqual(await bench.close(), []);
  assert.ok(!parents.some(existsSync));
});
