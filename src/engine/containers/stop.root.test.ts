import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKind } from '#lib/errors';
import { actionsOf, engineWithBusybox, request } from '../engine.fixture.ts';

const engine = await engineWithBusybox();

const running = async (script: string, ...rest: [config?: object, hostConfig?: object]) => {
  const { id } = await engine.containers.create(request(['sh', '-c', script], ...rest));
  await engine.containers.start(id);
  return id;
};
const state = (id: string) => engine.containers.get(id).state;
/** Waits until the script has set its traps. */
const ready = async (id: string) => {
  for await (const _ of engine.containers.logs(
    id,
    { stdout: true, stderr: true, follow: true },
    AbortSignal.timeout(10_000),
  ).entries)
    return;
};
const traps = (signal: string, code: number) =>
  `trap "exit ${code}" ${signal}; echo ready; while :; do sleep 0.05; done`;

test('stop: the stop signal first', async () => {
  const id = await running(traps('TERM', 5));
  await ready(id);
  await engine.containers.stop(id);
  assert.deepEqual([state(id).status, state(id).exitCode], ['exited', 5]);
  assert.deepEqual(await actionsOf(engine, id), ['create', 'start', 'kill', 'die', 'stop']);
  await assert.rejects(engine.containers.stop(id), (error: unknown) => isKind(error, 'not-modified'));
});

test('stop: another stop signal, and SIGKILL once the time is over', async () => {
  const own = await running(traps('USR1', 6), { stopSignal: 'SIGUSR1' });
  await ready(own);
  await engine.containers.stop(own);
  assert.equal(state(own).exitCode, 6);
  const deaf = await running('trap "" TERM; echo ready; while :; do sleep 0.05; done');
  await ready(deaf);
  await engine.containers.stop(deaf, { timeout: 0 });
  assert.equal(state(deaf).exitCode, 137);
});

test('stop and kill reach a paused container', async () => {
  const stopped = await running(traps('TERM', 5));
  await ready(stopped);
  await engine.containers.pause(stopped);
  assert.equal(state(stopped).status, 'paused');
  await engine.containers.stop(stopped);
  assert.equal(state(stopped).exitCode, 5);
  const killed = await running('sleep 100');
  await engine.containers.pause(killed);
  await engine.containers.kill(killed);
  assert.deepEqual([state(killed).status, state(killed).exitCode], ['exited', 137]);
});

test('pause and unpause', async () => {
  const id = await running('sleep 100');
  await engine.containers.pause(id);
  await assert.rejects(engine.containers.pause(id), /is already paused/);
  await assert.rejects(
    engine.containers.remove(id),
    /cannot remove container "\/.*": container is paused and must be unpaused first/,
  );
  await engine.containers.unpause(id);
  await assert.rejects(engine.containers.unpause(id), /is not paused/);
  await engine.containers.remove(id, { force: true });
});

test('kill: any signal, and the texts', async () => {
  const id = await running(traps('USR2', 9));
  await ready(id);
  await engine.containers.kill(id, 'USR2');
  await engine.containers.wait(id, 'not-running');
  assert.equal(state(id).exitCode, 9);
  await assert.rejects(
    engine.containers.kill(id),
    (error: unknown) => isKind(error, 'conflict') && error.message.includes(`container ${id} is not running`),
  );
  await assert.rejects(engine.containers.kill(id, 'SIGNOPE'), /Invalid signal: SIGNOPE/);
});

test('while a stop waits, a kill gets through', async () => {
  const id = await running('trap "" TERM; echo ready; while :; do sleep 0.05; done');
  await ready(id);
  const stopping = engine.containers.stop(id, { timeout: -1 });
  await engine.containers.kill(id);
  await stopping;
  assert.equal(state(id).exitCode, 137);
});

test('restart: another process, and no auto-removal in between', async () => {
  const id = await running('echo ready; sleep 100', {}, { autoRemove: true });
  const before = state(id).process?.pid;
  await engine.containers.restart(id, { timeout: 0 });
  assert.equal(state(id).status, 'running');
  assert.notEqual(state(id).process?.pid, before);
  assert.deepEqual((await actionsOf(engine, id)).slice(-5), ['kill', 'die', 'stop', 'start', 'restart']);
  await engine.containers.kill(id);
  await engine.containers.wait(id, 'removed').catch(() => {});
});

test('remove: not while it runs, unless by force', async () => {
  const id = await running('sleep 100');
  await assert.rejects(engine.containers.remove(id), (error: unknown) => {
    assert.ok(isKind(error, 'conflict'));
    assert.match(
      error.message,
      /^cannot remove container "\/.*": container is running: stop the container before removing or force remove$/,
    );
    return true;
  });
  await engine.containers.remove(id, { force: true });
  assert.throws(() => engine.containers.get(id), /No such container/);
});

test('rename: the old name is free again', async () => {
  const { id } = await engine.containers.create(request(['true'], {}, {}, { name: 'before' }));
  await engine.containers.rename(id, 'after');
  assert.equal(engine.containers.get('after').id, id);
  const other = await engine.containers.create(request(['true'], {}, {}, { name: 'before' }));
  await assert.rejects(engine.containers.rename(other.id, 'after'), /already in use/);
  await assert.rejects(engine.containers.rename(other.id, 'be fore'), /Invalid container name/);
});

test('prune takes what does not run', async () => {
  const kept = await running('sleep 100');
  const { removed } = await engine.containers.prune({});
  assert.ok(removed.length > 0);
  assert.deepEqual(
    engine.containers.list().map(({ id }) => id),
    [kept],
  );
  await engine.containers.remove(kept, { force: true });
});
