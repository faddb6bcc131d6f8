import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isKind } from '#lib/errors';
import { actionsOf, eventually, exec, importBusybox, Roots, request } from '../engine.fixture.ts';
import type { Engine } from '../engine.ts';

const roots = new Roots();
let engine: Engine;
let id: string;
before(async () => {
  engine = await roots.open();
  await importBusybox(engine);
  ({ id } = await engine.containers.create(
    request(['sleep', '1000'], { env: ['A=container', 'B=container'], workingDir: '/tmp' }),
  ));
  await engine.containers.start(id);
});
after(async () => {
  await engine.containers.remove(id, { force: true });
  await engine.close();
  roots[Symbol.dispose]();
});

test('output, errors, exit code, input', async () => {
  assert.deepEqual(await exec(engine, id, ['sh', '-c', 'cat; echo err >&2; exit 4'], {}, 'typed'), {
    exitCode: 4,
    stdout: 'typed',
    stderr: 'err\n',
  });
});

test('user, groups, environment and directory', async () => {
  const script = 'id; pwd; echo $A $B $HOME';
  const { stdout } = await exec(engine, id, ['sh', '-c', script], {
    user: 'app',
    env: ['A=exec'],
    workingDir: '/etc',
  });
  assert.deepEqual(stdout.split('\n').slice(0, 3), [
    'uid=1000(app) gid=1000(app) groups=10(wheel),1000(app)',
    '/etc',
    'exec container /home',
  ]);
  const own = await exec(engine, id, ['sh', '-c', 'pwd; echo $A']);
  assert.equal(own.stdout, '/tmp\ncontainer\n');
});

test('a terminal: one stream, with its size, resized', async () => {
  const execId = await engine.containers.createExec(id, {
    // crun hands the terminal over before it has a size, and does not wait: the command may be faster.
    cmd: ['sh', '-c', 'until stty size; do sleep 0.05; done; read x; stty size'],
    tty: true,
    attachStdin: true,
    consoleSize: [30, 90],
  });
  await using session = await engine.containers.startExec(execId, { detach: false });
  assert.ok(session?.stdin);
  let seen = '';
  session.output.on('data', ({ data }: { data: Buffer }) => (seen += data.toString()));
  await eventually('the first size', () => seen.includes('30 90'));
  await engine.containers.resizeExec(execId, 40, 132);
  session.stdin.write('\n');
  assert.equal(await session.exited, 0);
  await eventually('the second size', () => seen.includes('40 132'));
});

test('what is not there: 127, and the record says so', async () => {
  const execId = await engine.containers.createExec(id, { cmd: ['nosuchcommand'] });
  await assert.rejects(engine.containers.startExec(execId, { detach: false }), (error: unknown) => {
    assert.ok(isKind(error, 'invalid'));
    assert.match(error.message, /executable file not found in \$PATH/);
    return true;
  });
  const { running, exitCode } = engine.containers.getExec(execId);
  assert.deepEqual([running, exitCode], [false, 127]);
});

test('detached: it runs on its own, and can be asked about', async () => {
  const execId = await engine.containers.createExec(id, {
    cmd: ['sh', '-c', 'echo done > /detached; exit 3'],
  });
  assert.equal(await engine.containers.startExec(execId, { detach: true }), undefined);
  await eventually('its end', () => !engine.containers.getExec(execId).running);
  assert.equal(engine.containers.getExec(execId).exitCode, 3);
  assert.equal((await exec(engine, id, ['cat', '/detached'])).stdout, 'done\n');
  await assert.rejects(engine.containers.startExec(execId, { detach: true }), /has already run/);
});

test('detached: a terminal has its size changed all the same, what has none takes no harm', async () => {
  const resized = async (tty: boolean, cmd: readonly string[]) => {
    const execId = await engine.containers.createExec(id, { cmd, tty });
    await engine.containers.startExec(execId, { detach: true });
    await engine.containers.resizeExec(execId, 40, 132);
    return execId;
  };
  await resized(false, ['sleep', '1000']);
  const waits = ['sh', '-c', 'until stty size | grep "40 132"; do sleep 0.05; done'];
  const execId = await resized(true, waits);
  await eventually('its new size', () => !engine.containers.getExec(execId).running);
});

test('events, and the ids of those that run', async () => {
  const execId = await engine.containers.createExec(id, { cmd: ['sleep', '0.1'] });
  await using session = await engine.containers.startExec(execId, { detach: false });
  assert.ok(engine.containers.get(id).execIds.includes(execId));
  assert.equal(engine.containers.getExec(execId).running, true);
  assert.ok(engine.containers.getExec(execId).pid > 0);
  await session?.exited;
  assert.ok(!engine.containers.get(id).execIds.includes(execId));
  assert.deepEqual((await actionsOf(engine, id)).slice(-3), [
    'exec_create: sleep 0.1',
    'exec_start: sleep 0.1',
    'exec_die',
  ]);
});

test('only in a container that runs', async () => {
  const idle = await engine.containers.create(request(['true']));
  await assert.rejects(engine.containers.createExec(idle.id, { cmd: ['true'] }), /is not running/);
  await engine.containers.pause(id);
  await assert.rejects(
    engine.containers.createExec(id, { cmd: ['true'] }),
    /is paused, unpause the container before exec/,
  );
  await engine.containers.unpause(id);
  assert.throws(() => engine.containers.getExec('nope'), /No such exec instance: nope/);
  await engine.containers.remove(idle.id);
});
