import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { KeyedLock, Semaphore } from '#lib/lock';

test('holders of one key take turns in order; other keys do not wait', async () => {
  const lock = new KeyedLock();
  const seen: string[] = [];
  const work = async (key: string, name: string) => {
    using _held = await lock.acquire(key);
    seen.push(`${name} in`);
    await turn();
    seen.push(`${name} out`);
  };
  await Promise.all([work('a', '1'), work('a', '2'), work('b', '3')]);
  assert.deepEqual(
    seen.filter((line) => !line.startsWith('3')),
    ['1 in', '1 out', '2 in', '2 out'],
  );
  assert.ok(seen.indexOf('3 in') < seen.indexOf('2 in'));
  assert.equal(lock.isHeld('a'), false);
});

test('a semaphore never lets in more than its limit', async () => {
  const semaphore = new Semaphore(2);
  let inside = 0;
  let most = 0;
  const work = async () => {
    using _held = await semaphore.acquire();
    most = Math.max(most, ++inside);
    await turn();
    inside--;
  };
  await Promise.all(Array.from({ length: 9 }, work));
  assert.equal(most, 2);
  assert.equal(inside, 0);
});

test('a semaphore whose limit changes', async () => {
  const semaphore = new Semaphore(1);
  const first = await semaphore.acquire();
  const others = [semaphore.acquire(), semaphore.acquire(), semaphore.acquire()];
  let admitted = 0;
  for (const other of others) void other.then(() => admitted++);
  semaphore.resize(3);
  await turn();
  assert.equal(admitted, 2);
  semaphore.resize(1);
  first[Symbol.dispose]();
  await turn();
  assert.equal(admitted, 2);
  for (const held of await Promise.all(others.slice(0, 2))) held[Symbol.dispose]();
  await turn();
  assert.equal(admitted, 3);
});
