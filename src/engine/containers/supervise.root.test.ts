import assert from 'node:assert/strict';
import { test } from 'node:test';
import { actionsOf, engineWithBusybox, eventually, exec, request } from '../engine.fixture.ts';
import type { HostConfig } from './record.ts';

const engine = await engineWithBusybox();

const policy = (name: HostConfig['restartPolicy']['name'], maximumRetryCount = 0): Partial<HostConfig> => ({
  restartPolicy: { name, maximumRetryCount },
});
const get = (id: string) => engine.containers.get(id);

test('on-failure: as often as allowed, then the waiters are answered', async () => {
  const { id } = await engine.containers.create(
    request(['sh', '-c', 'echo x >> /runs; exit 3'], {}, policy('on-failure', 2)),
  );
  const ended = engine.containers.wait(id, 'next-exit');
  await engine.containers.start(id);
  assert.equal((await ended).exitCode, 3);
  assert.deepEqual([get(id).state.status, get(id).restartCount], ['exited', 2]);
  assert.deepEqual(
    (await actionsOf(engine, id)).filter((action) => action === 'start' || action === 'die'),
    ['start', 'die', 'start', 'die', 'start', 'die'],
  );
  await engine.containers.start(id);
  assert.equal(get(id).restartCount, 0);
  await engine.containers.remove(id, { force: true });
});

test('on-failure: a success ends it', async () => {
  const { id } = await engine.containers.create(
    request(['sh', '-c', 'test -e /ran && exit 0; touch /ran; exit 1'], {}, policy('on-failure')),
  );
  const ended = engine.containers.wait(id, 'next-exit');
  await engine.containers.start(id);
  assert.equal((await ended).exitCode, 0);
  assert.equal(get(id).restartCount, 1);
});

test('always: comes back, until a user stops it, also between two runs', async () => {
  const { id } = await engine.containers.create(request(['true'], {}, policy('always')));
  await engine.containers.start(id);
  await eventually('two restarts', () => get(id).restartCount >= 2);
  await eventually('the wait between two runs', () => get(id).state.status === 'restarting');
  await engine.containers.stop(id);
  assert.equal(get(id).state.status, 'exited');
  const count = get(id).restartCount;
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.deepEqual([get(id).state.status, get(id).restartCount], ['exited', count]);
  await engine.containers.remove(id);
});

test('a container between two runs is removed by force only', async () => {
  const { id } = await engine.containers.create(request(['false'], {}, policy('always')));
  await engine.containers.start(id);
  await eventually('the wait', () => get(id).state.status === 'restarting');
  await assert.rejects(engine.containers.remove(id), /container is restarting: stop the container/);
  await engine.containers.remove(id, { force: true });
  assert.throws(() => get(id));
});

const probed = (test_: string[], changes: object = {}) => ({
  healthcheck: {
    test: test_,
    interval: 30e6,
    timeout: 1e9,
    retries: 2,
    startPeriod: 0,
    startInterval: 0,
    ...changes,
  },
});

test('health: starting, healthy, unhealthy, with events and a log', async () => {
  const { id } = await engine.containers.create(
    request(['sleep', '100'], probed(['CMD-SHELL', 'echo checked; test -e /tmp/well'])),
  );
  await engine.containers.start(id);
  assert.equal(get(id).state.health?.status, 'starting');
  await eventually('unhealthy', () => get(id).state.health?.status === 'unhealthy');
  await exec(engine, id, ['touch', '/tmp/well']);
  await eventually('healthy', () => get(id).state.health?.status === 'healthy');
  const { health } = get(id).state;
  assert.deepEqual(
    [health?.failingStreak, health?.log.at(-1)?.output, health?.log.at(-1)?.exitCode],
    [0, 'checked\n', 0],
  );
  const statuses = (await actionsOf(engine, id)).filter((action) => action.startsWith('health_status'));
  assert.deepEqual(statuses, ['health_status: unhealthy', 'health_status: healthy']);
  await engine.containers.remove(id, { force: true });
});

test('health: a probe that takes too long is killed and counts as failed; too much output is cut', async () => {
  const slow = await engine.containers.create(
    request(['sleep', '100'], probed(['CMD', 'sleep', '77'], { timeout: 50e6 })),
  );
  await engine.containers.start(slow.id);
  await eventually('unhealthy', () => get(slow.id).state.health?.status === 'unhealthy');
  assert.match(get(slow.id).state.health?.log[0]?.output ?? '', /Health check exceeded timeout \(0\.05s\)/);
  assert.equal(get(slow.id).state.health?.log[0]?.exitCode, -1);
  await engine.containers.remove(slow.id, { force: true });
  const loud = await engine.containers.create(
    request(['sleep', '100'], probed(['CMD-SHELL', 'seq 1 100000'])),
  );
  await engine.containers.start(loud.id);
  await eventually('healthy', () => get(loud.id).state.health?.status === 'healthy');
  assert.equal(get(loud.id).state.health?.log[0]?.output.length, 4096 + 3);
  await engine.containers.remove(loud.id, { force: true });
});

test('health: none where the user says so, and none after the end', async () => {
  const { id } = await engine.containers.create(request(['sleep', '100'], probed(['NONE'])));
  await engine.containers.start(id);
  assert.equal(get(id).state.health, undefined);
  await engine.containers.remove(id, { force: true });
});
