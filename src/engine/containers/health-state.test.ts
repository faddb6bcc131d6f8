import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { afterProbe, isProbed, probeCommand, probeDelay } from './health-state.ts';
import type { HealthState } from './record.ts';

const check = {
  test: ['CMD', 'true'],
  interval: 10e9,
  timeout: 1e9,
  retries: 3,
  startPeriod: 60e9,
  startInterval: 2e9,
};
const starting: HealthState = { status: 'starting', failingStreak: 0, log: [] };
const probe = (exitCode: number) => ({ start: 's', end: 'e', exitCode, output: '' });
const later = 120e9;

test('one success makes it healthy, as many failures in a row as retries unhealthy', () => {
  let health = afterProbe(starting, probe(0), check, later);
  assert.equal(health.status, 'healthy');
  const seen = [1, 1, 1].map((code) => {
    health = afterProbe(health, probe(code), check, later);
    return health.status;
  });
  assert.deepEqual(seen, ['healthy', 'healthy', 'unhealthy']);
  assert.equal(afterProbe(health, probe(0), check, later).status, 'healthy');
});

test('failures of a container that is still coming up do not count', () => {
  let health = starting;
  for (let failure = 0; failure < 10; failure++) health = afterProbe(health, probe(1), check, 30e9);
  assert.deepEqual([health.status, health.failingStreak, health.log.length], ['starting', 0, 5]);
  assert.equal(afterProbe(health, probe(1), check, later).failingStreak, 1);
});

test('the next probe comes sooner while it is coming up', () => {
  assert.equal(probeDelay(starting, check, 10e9), 2e9);
  assert.equal(probeDelay(starting, check, later), 10e9);
  assert.equal(probeDelay({ ...starting, status: 'healthy' }, check, 10e9), 10e9);
  const bare = {
    test: ['CMD', 'true'],
    interval: 0,
    timeout: 0,
    retries: 0,
    startPeriod: 0,
    startInterval: 0,
  };
  assert.equal(probeDelay(starting, bare, 0), 30e9);
});

test('at most five probes are kept, the newest last; the streak counts failures since the last success', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(-1, 0, 1)), (codes) => {
      let health: HealthState = { ...starting };
      for (const code of codes) health = afterProbe(health, probe(code), check, later);
      assert.deepEqual(
        health.log.map(({ exitCode }) => exitCode),
        codes.slice(-5),
      );
      const streak = codes.length - 1 - codes.lastIndexOf(0);
      assert.equal(health.failingStreak, codes.includes(0) ? streak : codes.length);
      assert.equal(health.status === 'unhealthy', health.failingStreak >= 3);
    }),
  );
});

test('the probe as a command line', () => {
  assert.deepEqual(probeCommand(['CMD', 'a', 'b c'], undefined), ['a', 'b c']);
  assert.deepEqual(probeCommand(['CMD-SHELL', 'a | b'], undefined), ['/bin/sh', '-c', 'a | b']);
  assert.deepEqual(probeCommand(['CMD-SHELL', 'a'], ['/bin/ash', '-ec']), ['/bin/ash', '-ec', 'a']);
  assert.ok(
    !isProbed(undefined) && !isProbed({ ...check, test: ['NONE'] }) && !isProbed({ ...check, test: [] }),
  );
});
