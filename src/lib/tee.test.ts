import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tee } from './tee.ts';

async function* count(to: number, seen: { last: number; closed: boolean }): AsyncGenerator<number, void> {
  try {
    for (let i = 1; i <= to; i++) {
      seen.last = i;
      yield i;
    }
  } finally {
    seen.closed = true;
  }
}

test('both get everything, and neither runs far ahead', async () => {
  const seen = { last: 0, closed: false };
  const [first, second] = tee(count(100, seen));
  const ahead = (async () => {
    const got: number[] = [];
    for await (const value of first) got.push(value);
    return got;
  })();
  await second.next();
  await new Promise(setImmediate);
  assert.ok(seen.last < 10, String(seen.last));
  const rest = await Array.fromAsync(second);
  assert.deepEqual([1, ...rest], await ahead);
  assert.equal(seen.closed, true);
});

test('one that stops early does not hold up the other', async () => {
  const seen = { last: 0, closed: false };
  const [first, second] = tee(count(50, seen));
  for await (const value of first) if (value === 3) break;
  assert.equal((await Array.fromAsync(second)).length, 50);
  const both = tee(count(50, seen));
  seen.closed = false;
  for (const reader of both) for await (const _ of reader) break;
  assert.equal(seen.closed, true);
});

test('a failure of the source reaches both', async () => {
  async function* failing(): AsyncGenerator<number, void> {
    yield 1;
    throw new Error('the source broke');
  }
  const results = await Promise.allSettled(tee(failing()).map((reader) => Array.fromAsync(reader)));
  assert.deepEqual(
    results.map((result) => result.status === 'rejected' && String(result.reason)),
    ['Error: the source broke', 'Error: the source broke'],
  );
});

test('a reader that returns while it waits for the other is done, and holds up nobody', async () => {
  const seen = { last: 0, closed: false };
  const [first, second] = tee(count(50, seen));
  while (seen.last < 4) await first.next();
  const waiting = first.next();
  await first.return();
  assert.deepEqual(await first.next(), { done: true, value: undefined });
  assert.equal((await Array.fromAsync(second)).length, 50);
  assert.deepEqual(await waiting, { done: true, value: undefined });
  assert.equal(seen.closed, true);
});
