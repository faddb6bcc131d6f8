import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { newId } from '#lib/ids';
import { RuntimeError } from './failure.ts';
import { Bench, eventually, textOf } from './runtimes.fixture.ts';

const runc = ['/usr/sbin/runc', '/usr/bin/runc'].find(existsSync);
const skip = runc === undefined && 'runc is not installed';

/** Nothing of crun's own ways is used here: what holds for runc holds for other OCI runtimes. */
describe('a runtime that is not crun', { skip }, () => {
  const bench = new Bench();
  before(() => bench.open([{ name: 'runc', path: runc ?? '', args: [] }]));
  after(async () => assert.deepEqual(await bench.close(), []));
  const run = (args: string[]) => bench.run(args, { runtime: 'runc' });

  test('create, start, exit code, delete', async () => {
    const id = await bench.create(['sh', '-c', 'echo hello; exit 7'], { runtime: 'runc' });
    assert.equal(bench.runtimes.adopt(id, undefined).state, 'created');
    await bench.runtimes.start(id);
    assert.equal((await bench.runtimes.exited(id)).code, 7);
    assert.equal(bench.logged(id), 'hello\n');
    await bench.runtimes.delete(id);
    assert.ok(!bench.runtimes.bundles().includes(id));
  });

  test('a command that is not there', async () => {
    const id = newId();
    const created = bench.runtimes.create(bench.options(id, ['nosuch'], { runtime: 'runc' }));
    await assert.rejects(created, (error) => {
      assert.ok(error instanceof RuntimeError);
      assert.equal(error.exitCode, 127);
      assert.match(error.message, /exec: "nosuch": executable file not found in \$PATH/);
      return true;
    });
    assert.ok(!bench.runtimes.bundles().includes(id));
  });

  test('exec in all its forms, pause, update', async () => {
    const id = await run(['sleep', '500']);
    const attached = await bench.exec(id, ['sh', '-c', 'echo out; exit 3']);
    assert.equal(await textOf(attached.stdout), 'out\n');
    assert.equal(await attached.exited, 3);
    const terminal = await bench.exec(id, ['sh', '-c', 'tty; exit 4'], { terminal: true, size: [30, 90] });
    assert.match(await textOf(terminal.stdout), /\/dev\/pts\/0\r\n/);
    assert.equal(await terminal.exited, 4);
    const detached = await bench.exec(id, ['sh', '-c', 'exit 5'], { detached: true });
    assert.equal(await detached.exited, 5);
    for (const more of [{}, { terminal: true }, { detached: true }])
      await assert.rejects(
        bench.exec(id, ['nosuch'], more),
        (error) => error instanceof RuntimeError && error.exitCode === 127,
      );
    await bench.runtimes.update(id, { pids: { limit: 40 } });
    await bench.runtimes.pause(id);
    await bench.runtimes.resume(id);
    await bench.runtimes.pause(id);
    await bench.runtimes.delete(id);
  });

  test('all its processes are gone with it', async () => {
    const id = await run(['sh', '-c', 'sleep 300 & sleep 300']);
    await eventually(async () => (await bench.runtimes.pids(id)).length >= 2, 'both run');
    const pids = await bench.runtimes.pids(id);
    await bench.runtimes.delete(id);
    for (const pid of pids) await eventually(() => !existsSync(`/proc/${pid}/exe`), `${pid} is gone`);
  });
});
