import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IdleProcess } from '#lib/idle-process';
import type { Fixture } from './idle-process.fixture.ts';

const open = () => new IdleProcess<Fixture>(new URL('./idle-process.fixture.ts', import.meta.url));
const runs = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('calls are answered in order, failures arrive with what they said', async () => {
  await using child = open();
  assert.deepEqual(await Promise.all([child.call('double', 1), child.call('double', 2)]), [2, 4]);
  await assert.rejects(child.call('fail'), { message: 'no', code: 'ENO' });
  assert.equal(await child.call('pid'), await child.call('pid'));
});

test('a process that dies fails its calls, and the next call has another one', async () => {
  await using child = open();
  await assert.rejects(child.call('die'), { kind: 'unavailable', message: /ended with 7/ });
  assert.equal(await child.call('double', 4), 8);
});

test('it is gone when it is disposed of', async () => {
  const child = open();
  const pid = await child.call('pid');
  assert.ok(runs(pid));
  const unanswered = assert.rejects(child.call('double', 1), { kind: 'unavailable' });
  await child[Symbol.asyncDispose]();
  await unanswered;
  assert.ok(!runs(pid));
});
