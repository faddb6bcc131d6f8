import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RestartPolicy } from './record.ts';
import { nextDelay, restartsAfterExit, restartsWithDaemon } from './restart-policy.ts';

const policy = (name: RestartPolicy['name'], maximumRetryCount = 0): RestartPolicy => ({
  name,
  maximumRetryCount,
});
const ending = { exitCode: 1, stoppedByUser: false, restartCount: 0 };

test('after an exit', () => {
  const restarts = (name: RestartPolicy['name'], changes: Partial<typeof ending> = {}, max = 0) =>
    restartsAfterExit(policy(name, max), { ...ending, ...changes });
  assert.equal(restarts('no'), false);
  assert.equal(restarts('always', { exitCode: 0 }), true);
  assert.equal(restarts('unless-stopped', { exitCode: 0 }), true);
  assert.equal(restarts('on-failure'), true);
  assert.equal(restarts('on-failure', { exitCode: 0 }), false);
  assert.equal(restarts('on-failure', { restartCount: 2 }, 3), true);
  assert.equal(restarts('on-failure', { restartCount: 3 }, 3), false);
});

test('what a user stopped stays down, until the daemon starts again for always', () => {
  for (const name of ['always', 'unless-stopped', 'on-failure'] as const) {
    assert.equal(restartsAfterExit(policy(name), { ...ending, stoppedByUser: true }), false);
    assert.equal(restartsWithDaemon(policy(name), { ...ending, stoppedByUser: true }), name === 'always');
    assert.equal(restartsWithDaemon(policy(name), ending), true);
  }
  assert.equal(restartsWithDaemon(policy('no'), ending), false);
});

test('the back-off doubles from 100 ms to a minute and begins anew after a run that lasted', () => {
  const delays: number[] = [];
  let delay: number | undefined;
  for (let restart = 0; restart < 12; restart++) delays.push((delay = nextDelay(delay, 50)));
  assert.deepEqual(delays.slice(0, 4), [100, 200, 400, 800]);
  assert.equal(delays.at(-1), 60_000);
  assert.equal(nextDelay(60_000, 10_000), 100);
});

test('a delay is never below 100 ms nor above a minute', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20_000), { minLength: 1 }), (runs) => {
      let delay: number | undefined;
      for (const run of runs) {
        const next = nextDelay(delay, run);
        assert.ok(next >= 100 && next <= 60_000);
        assert.ok(delay === undefined || next === 100 || next >= delay);
        delay = next;
      }
    }),
  );
});
