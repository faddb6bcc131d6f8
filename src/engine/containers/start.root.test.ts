import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKind } from '#lib/errors';
import { actionsOf, engineWithBusybox, eventually, request, run } from '../engine.fixture.ts';

const engine = await engineWithBusybox();

test('exit codes and both streams', async () => {
  const { id, ...outcome } = await run(engine, request(['sh', '-c', 'echo out; echo err >&2; exit 7']));
  assert.deepEqual(outcome, { exitCode: 7, stdout: 'out\n', stderr: 'err\n' });
  const { state } = engine.containers.get(id);
  assert.deepEqual([state.status, state.exitCode, state.error], ['exited', 7, '']);
  assert.equal((await run(engine, request(['true']))).exitCode, 0);
});

test('events tell the story in order, with image, name and labels', async () => {
  const { id } = await run(engine, request(['true'], { labels: { a: 'b' } }, {}, { name: 'story' }));
  await engine.containers.remove(id);
  assert.deepEqual(await actionsOf(engine, id), ['create', 'attach', 'start', 'die', 'destroy']);
});

for (const [what, cmd, exitCode, text] of [
  ['a command that is not there', ['nosuchcommand'], 127, 'executable file not found in $PATH'],
  ['a path that is not there', ['/no/such'], 127, 'no such file or directory'],
  ['a file that is not executable', ['/etc/notexecutable'], 126, 'permission denied'],
] as const) {
  test(`${what}: ${exitCode}, and nothing is left`, async () => {
    const { id } = await engine.containers.create(request(cmd));
    await assert.rejects(engine.containers.start(id), (error: unknown) => {
      assert.ok(isKind(error, 'invalid'), String(error));
      assert.ok(error.message.includes(text), error.message);
      return true;
    });
    const { state } = engine.containers.get(id);
    assert.deepEqual([state.status, state.exitCode, state.process], ['created', exitCode, undefined]);
    assert.ok(state.error.includes(text));
    await eventually('it is unmounted', () => !engine.snapshots.isMounted(id));
    assert.equal(engine.networks.sandbox(id), undefined);
  });
}

test('--rm goes away after its run, and after a start that failed', async () => {
  const ended = await run(engine, request(['true'], {}, { autoRemove: true }));
  assert.throws(() => engine.containers.get(ended.id), /No such container/);
  const failing = await engine.containers.create(request(['nosuchcommand'], {}, { autoRemove: true }));
  const removed = engine.containers.wait(failing.id, 'removed');
  await assert.rejects(engine.containers.start(failing.id));
  assert.equal((await removed).exitCode, 127);
});

test('a container runs again after its end, and after a start that failed', async () => {
  const { id } = await run(engine, request(['sh', '-c', 'test -e /ran && exit 3; touch /ran']));
  await engine.containers.start(id);
  assert.equal((await engine.containers.wait(id, 'not-running')).exitCode, 3);
});

test('what runs is not started again', async () => {
  const { id } = await engine.containers.create(request(['sleep', '100']));
  await Promise.all([
    engine.containers.start(id),
    assert.rejects(engine.containers.start(id), (error: unknown) => isKind(error, 'not-modified')),
  ]);
  await engine.containers.remove(id, { force: true });
});

test('a name in use, an image that is not there, nothing to run', async () => {
  const { id } = await engine.containers.create(request(['true'], {}, {}, { name: 'taken' }));
  await assert.rejects(
    engine.containers.create(request(['true'], {}, {}, { name: 'taken' })),
    (error: unknown) =>
      isKind(error, 'conflict') && error.message.includes(`already in use by container "${id}"`),
  );
  await assert.rejects(
    engine.containers.create(request(['true'], { image: 'nosuch' })),
    (error: unknown) => isKind(error, 'not-found') && /No such image: nosuch/.test(error.message),
  );
  await assert.rejects(engine.containers.create(request([], { entrypoint: [''] })), /no command specified/);
  await engine.containers.remove('taken');
});

test('many at once', async () => {
  const codes = await Promise.all(
    Array.from({ length: 8 }, async (_, code) =>
      run(engine, request(['sh', '-c', `exit ${code}`], {}, { autoRemove: true })),
    ),
  );
  assert.deepEqual(
    codes.map(({ exitCode }) => exitCode),
    [0, 1, 2, 3, 4, 5, 6, 7],
  );
});
