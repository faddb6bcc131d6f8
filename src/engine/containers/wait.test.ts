import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKind } from '#lib/errors';
import { Waiters } from './wait.ts';

const result = { exitCode: 3, error: '' };

test('an exit answers those who wait for it, a removal everybody', async () => {
  const waiters = new Waiters();
  const [exit, removal] = [waiters.wait('a', 'exit'), waiters.wait('a', 'removal')];
  waiters.exited('b', result);
  waiters.exited('a', result);
  assert.deepEqual(await exit, result);
  const never = waiters.wait('a', 'exit');
  waiters.removed('a', { exitCode: 4, error: 'x' });
  assert.deepEqual(await removal, { exitCode: 4, error: 'x' });
  assert.deepEqual(await never, { exitCode: 4, error: 'x' });
});

test('who gives up is told so, and the others are still answered', async () => {
  const waiters = new Waiters();
  const abort = new AbortController();
  const gone = waiters.wait('a', 'exit', abort.signal);
  const stays = waiters.wait('a', 'exit');
  abort.abort();
  await assert.rejects(gone, (error: unknown) => isKind(error, 'cancelled'));
  await assert.rejects(waiters.wait('a', 'exit', abort.signal), (error: unknown) =>
    isKind(error, 'cancelled'),
  );
  waiters.exited('a', result);
  assert.deepEqual(await stays, result);
});
