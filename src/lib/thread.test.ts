import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BerthError } from '#lib/errors';
import { IdleThread } from '#lib/idle-thread';
import { serve, Thread } from '#lib/thread';
import type { Counting } from './thread.fixture.ts';

const script = new URL('./thread.fixture.ts', import.meta.url);

test('calls are answered in order; those under way when it is closed too, later ones fail', async () => {
  const thread = new Thread<Counting>(script);
  const calls = Promise.all([thread.call('count'), thread.call('count')]);
  await thread[Symbol.asyncDispose]();
  assert.deepEqual(await calls, [1, 2]);
  assert.equal(thread.ended, true);
  await assert.rejects(thread.call('count'), { kind: 'unavailable' });
});

test('a failure arrives with what it said', async () => {
  await using thread = new Thread<Counting>(script);
  await assert.rejects(thread.call('fail'), (error) => {
    assert.ok(error instanceof BerthError);
    assert.deepEqual(Object.fromEntries(Object.entries(error)), {
      name: 'BerthError',
      kind: 'not-found',
      code: 'ENOENT',
      args: ['a', 'b'],
    });
    return error.message === 'no such thing';
  });
});

test('a thread whose file is missing fails its calls, now and later', async () => {
  await using thread = new Thread<Counting>(new URL('./no-such-thread.ts', import.meta.url));
  await assert.rejects(thread.call('count'), { kind: 'unavailable' });
  await assert.rejects(thread.call('count'), { kind: 'unavailable' });
});

test('one that ended is replaced where that is wanted, and only there', async () => {
  await using thread = new Thread<Counting>(script);
  await assert.rejects(thread.call('leave'), { kind: 'unavailable' });
  await assert.rejects(thread.call('count'), { kind: 'unavailable' });
  await using idle = new IdleThread<Counting>(script);
  assert.equal(await idle.call('count'), 1);
  await assert.rejects(idle.call('leave'), { kind: 'unavailable' });
  assert.equal(await idle.call('count'), 1);
  await idle[Symbol.asyncDispose]();
  assert.equal(await idle.call('count'), 1);
});

test('serving is for threads', () => {
  assert.throws(() => serve({}), /worker thread/);
});
