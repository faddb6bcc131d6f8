import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeOf } from '#lib/errors';
import { serve, Thread } from './thread.ts';

test('a thread whose file is missing fails its calls, now and later', async () => {
  await using thread = new Thread<{ work(): void }>(import.meta.url, 'no-such-thread');
  await assert.rejects(thread.call('work'), (error) => codeOf(error) !== undefined || error instanceof Error);
  await assert.rejects(thread.call('work'), { kind: 'unavailable' });
});

test('serving is for threads', () => {
  assert.throws(() => serve({}), /worker thread/);
});
