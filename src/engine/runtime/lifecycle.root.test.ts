import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isKind } from '#lib/errors';
import { newId } from '#lib/ids';
import { RuntimeError } from './failure.ts';
import { Bench, eventually, MOUNTS, zombies } from './runtimes.fixture.ts';

const bench = new Bench();
before(() => bench.open());
after(async () => assert.deepEqual(await bench.close(), []));

describe('the life of a container', () => {
  test('create, start, exit code, log, delete', async () => {
    const id = await bench.create(['sh', '-c', 'echo hello; exit 7']);
    assert.ok(bench.runtimes.bundles().includes(id));
    await sleep(30);
    assert.equal(bench.logged(id), '', 'nothing runs before the start');
    await bench.runtimes.start(id);
    const exit = await bench.runtimes.exited(id);
    assert.equal(exit.code, 7);
    assert.equal(exit.oomKilled, false);
    assert.ok(Math.abs(Number(exit.time / 1_000_000n) - Date.now()) < 60_000);
    assert.equal(bench.logged(id), 'hello\n');
    await bench.runtimes.delete(id);
    await bench.runtimes.delete(id);
    assert.ok(!bench.runtimes.bundles().includes(id));
  });

  test('many at once, each with its own exit code', async () => {
    const codes = Array.from({ length: 12 }, (_, i) => i * 20);
    const ended = await Promise.all(
      codes.map(async (code) => {
        const id = await bench.run(['sh', '-c', `exit ${code}`]);
        const exit = await bench.runtimes.exited(id);
        await bench.runtimes.delete(id);
        return exit.code;
      }),
    );
    assert.deepEqual(ended, codes);
    assert.deepEqual(zombies(), []);
  });

  test('signals reach the first process', async () => {
    const id = await bench.run(['sh', '-c', 'trap "exit 3" TERM; echo ready; while :; do sleep 0.02; done']);
    await eventually(() => bench.logged(id).includes('ready'), 'trap is set');
    assert.equal(await bench.runtimes.signal(id, 15), true);
    assert.equal((await bench.runtimes.exited(id)).code, 3);
    assert.equal(await bench.runtimes.signal(id, 15), false);
    const killed = await bench.run(['sleep', '100']);
    await bench.runtimes.signal(killed, 9);
    assert.equal((await bench.runtimes.exited(killed)).code, 137);
  });

  test('deleting a container that runs ends it and answers who waits', async () => {
    const id = await bench.run(['sh', '-c', 'sleep 100 & sleep 100']);
    await eventually(async () => (await bench.runtimes.pids(id)).length >= 2, 'both run');
    const pids = await bench.runtimes.pids(id);
    const exited = bench.runtimes.exited(id);
    await bench.runtimes.delete(id);
    assert.equal((await exited).code, 137);
    for (const pid of pids) await eventually(() => !existsSync(`/proc/${pid}/exe`), `process ${pid} is gone`);
  });

  test('a container that was never started can be deleted', async () => {
    const id = await bench.create(['true']);
    await bench.runtimes.delete(id);
    await assert.rejects(bench.runtimes.start(id), (error) => isKind(error, 'not-found'));
  });

  test('start is for once', async () => {
    const id = await bench.run(['sleep', '100']);
    await assert.rejects(bench.runtimes.start(id), (error) => isKind(error, 'conflict'));
    await assert.rejects(bench.runtimes.create(bench.options(id, ['true'])), (error) =>
      isKind(error, 'conflict'),
    );
    assert.equal(
      bench.runtimes.adopt(id, undefined).state,
      'running',
      'the refused create took nothing away',
    );
    await bench.runtimes.delete(id);
  });

  test('hooks: the runtime itself starts it', async () => {
    const mark = join(bench.top, 'hook-ran');
    const poststart = [{ path: '/bin/busybox', args: ['touch', mark] }];
    const id = await bench.run(['sleep', '100'], { sections: { hooks: { poststart } } });
    await eventually(() => existsSync(mark), 'poststart hook');
    await bench.runtimes.delete(id);
  });

  test('pause and resume', async () => {
    const id = await bench.run(['sh', '-c', 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.01; done']);
    await eventually(() => bench.logged(id).includes('3\n'), 'it counts');
    await bench.runtimes.pause(id);
    await sleep(50);
    const paused = bench.logged(id);
    await sleep(200);
    assert.equal(bench.logged(id), paused);
    await bench.runtimes.resume(id);
    await eventually(() => bench.logged(id) !== paused, 'it counts again');
    await bench.runtimes.pause(id);
    await bench.runtimes.delete(id);
  });

  test('a limit in force, an update of it, and the mark of an out-of-memory kill', async () => {
    const memory = { limit: 64 * 2 ** 20, swap: 64 * 2 ** 20 };
    const id = await bench.create(['sh', '-c', 'read x; x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done'], {
      sections: { linux: { resources: { memory, pids: { limit: 50 } } } },
      openStdin: true,
      stdinOnce: true,
    });
    const client = bench.runtimes.attach(id);
    await bench.runtimes.start(id);
    await bench.runtimes.update(id, {
      memory: { limit: 20 * 2 ** 20, swap: 20 * 2 ** 20 },
      pids: { limit: 33 },
    });
    const [pid] = await bench.runtimes.pids(id);
    const path = /:(?:pids)?:(.*)/.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1];
    const pidsFile = ['/sys/fs/cgroup/pids', '/sys/fs/cgroup'].map((at) => `${at}${path}/pids.max`);
    assert.equal(readFileSync(pidsFile.find(existsSync) ?? '', 'utf8').trim(), '33');
    client.end('go\n');
    const exit = await bench.runtimes.exited(id);
    assert.deepEqual([exit.code, exit.oomKilled], [137, true]);
    await bench.runtimes.delete(id);
  });

  test('without a pid namespace nothing of it outlives its first process', async () => {
    const namespaces = (['network', 'ipc', 'uts', 'mount'] as const).map((type) => ({ type }));
    const id = await bench.run(['sh', '-c', 'sleep 300 & sleep 0.1'], {
      sections: { linux: { namespaces } },
    });
    await eventually(async () => (await bench.runtimes.pids(id)).length >= 2, 'its child runs');
    await bench.runtimes.exited(id);
    await eventually(async () => (await bench.runtimes.pids(id)).length === 0, 'its child is gone');
    await bench.runtimes.delete(id);
  });

  test('bind sources are staged where the runtime could not see them, and unstaged', async () => {
    const source = join(bench.top, 'source');
    writeFileSync(source, 'content\n');
    const id = newId();
    const staged = bench.runtimes.stage(id, source);
    assert.ok(bench.runtimes.stage(id, bench.rootFs));
    const mount = { destination: '/mnt/file', source: staged, type: 'bind', options: ['bind', 'ro'] };
    writeFileSync(join(bench.rootFs, 'mnt/file'), '');
    const sections = { mounts: [...MOUNTS, mount] };
    await bench.runtimes.create(bench.options(id, ['cat', '/mnt/file'], { sections }));
    await bench.runtimes.start(id);
    assert.equal((await bench.runtimes.exited(id)).code, 0);
    assert.equal(bench.logged(id), 'content\n');
    await bench.runtimes.delete(id);
    assert.equal(readFileSync(source, 'utf8'), 'content\n');
    assert.ok(existsSync(join(bench.rootFs, 'bin/busybox')));
  });
});

describe('what fails leaves nothing', () => {
  const failures: [string[], string, number][] = [
    [['nosuch'], 'exec: "nosuch": executable file not found in $PATH', 127],
    [['/nosuch'], 'exec: "/nosuch": stat /nosuch: no such file or directory', 127],
    [[''], 'exec: "": executable file not found in $PATH', 127],
    [['/etc/passwd/x'], 'exec: "/etc/passwd/x": stat /etc/passwd/x: not a directory', 127],
    [['/etc/passwd'], 'exec: "/etc/passwd": permission denied', 126],
    [['/etc'], 'exec: "/etc": is a directory', 126],
  ];
  for (const [args, text, code] of failures)
    test(`${JSON.stringify(args)}: ${code}`, async () => {
      const id = newId();
      await assert.rejects(bench.runtimes.create(bench.options(id, args)), (error) => {
        assert.ok(error instanceof RuntimeError);
        assert.equal(error.exitCode, code);
        assert.equal(
          error.message,
          `failed to create task for container: OCI runtime create failed: crun: ${text}`,
        );
        return true;
      });
      assert.ok(!bench.runtimes.bundles().includes(id));
    });

  test('what the runtime says of a bad bundle is passed on', async () => {
    const id = newId();
    const sections = { root: { path: '/nonexistent' } };
    await assert.rejects(
      bench.runtimes.create(bench.options(id, ['true'], { sections })),
      (error) =>
        error instanceof RuntimeError && error.reason === 'other' && error.message.includes('/nonexistent'),
    );
    assert.ok(!bench.runtimes.bundles().includes(id));
  });

  test('an unknown runtime', async () => {
    await assert.rejects(
      bench.create(['true'], { runtime: 'kata' }),
      /unknown or invalid runtime name: kata/,
    );
  });

  test('a create that is given up', async () => {
    for (const delay of [0, 1, 3, 6]) {
      const id = newId();
      const abort = new AbortController();
      setTimeout(() => abort.abort(), delay);
      await bench.runtimes.create(bench.options(id, ['true']), abort.signal).then(
        () => bench.runtimes.delete(id),
        (error: unknown) => assert.ok(isKind(error, 'cancelled') || error === abort.signal.reason),
      );
      assert.ok(!bench.runtimes.bundles().includes(id));
    }
  });
});

test('nothing was warned about', () => assert.deepEqual(bench.warnings, []));
