import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '#lib/log';
import { NamespacePool } from './namespace-pool.ts';
import type { ReadyNamespace } from './netns.ts';

function open(size: number, build?: () => Promise<void>) {
  let made = 0;
  const pool = new NamespacePool({
    size,
    log: silentLogger,
    build: async (): Promise<ReadyNamespace> => {
      await build?.();
      const sandboxId = String(made++);
      return { sandboxId, netns: `/n/${sandboxId}` };
    },
  });
  return { pool, made: () => made };
}

test('fills up to its size and hands out in order, each once', async () => {
  const { pool, made } = open(3);
  await pool.settled();
  assert.equal(made(), 3);
  const taken = [await pool.take(), await pool.take(), await pool.take()].map((each) => each?.sandboxId);
  assert.deepEqual(taken, ['0', '1', '2']);
  await pool.settled();
  assert.equal((await pool.close()).length, 3);
});

test('one caller gets what is just being made, others make their own', async () => {
  const gate = Promise.withResolvers<void>();
  const { pool } = open(1, () => gate.promise);
  const first = pool.take();
  assert.equal(await pool.take(), undefined);
  gate.resolve();
  assert.equal((await first)?.sandboxId, '0');
  await pool.close();
});

test('a failure gives the waiting caller nothing and is not repeated at once', async () => {
  let attempts = 0;
  const { pool } = open(2, async () => {
    attempts++;
    throw new Error('no memory');
  });
  assert.equal(await pool.take(), undefined);
  assert.equal(attempts, 1);
  assert.deepEqual(await pool.close(), []);
});

test('a pool of size 0 makes nothing; a closed one makes no more', async () => {
  const none = open(0);
  assert.equal(await none.pool.take(), undefined);
  await none.pool.settled();
  assert.equal(none.made(), 0);
  const { pool, made } = open(2);
  await pool.settled();
  await pool.close();
  assert.equal(await pool.take(), undefined);
  assert.equal(made(), 2);
});
