import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BerthError } from '#lib/errors';
import { listMounts } from '#linux/mount';
import { engineWithBusybox, eventually, exec, Roots, request } from '../engine.fixture.ts';
import { hasProcess, isRunning } from './state.ts';

const roots = new Roots();
const engine = await engineWithBusybox(roots);

const EXPECTED = ['conflict', 'not-found', 'not-modified', 'invalid'];
/** A container may end under any verb: then the runtime or the kernel says so in words of their own. */
const ENDED =
  /not running|no such (process|container|file)|is started already|has ended|container .* does not exist/i;

test('all verbs at once on a few containers: none breaks, and the end is clean', async () => {
  const { containers } = engine;
  const names = ['one', 'two', 'three'];
  const verbs: ((name: string) => Promise<unknown>)[] = [
    (name) =>
      containers.create(
        request(['sleep', '1000'], { volumes: ['/data'] }, { autoRemove: Math.random() < 0.3 }, { name }),
      ),
    (name) => containers.start(name),
    (name) => containers.start(name),
    (name) => containers.stop(name, { timeout: 0 }),
    (name) => containers.restart(name, { timeout: 0 }),
    (name) => containers.kill(name),
    (name) => containers.pause(name),
    (name) => containers.unpause(name),
    (name) => exec(engine, name, ['true']),
    (name) => containers.update(name, { resources: { pidsLimit: 100 } }),
    (name) => containers.remove(name, { force: Math.random() < 0.5, volumes: true }),
  ];
  const unexpected: unknown[] = [];
  const until = Date.now() + 4000;
  const work = async () => {
    while (Date.now() < until) {
      const name = names[Math.floor(Math.random() * names.length)] ?? 'one';
      const verb = verbs[Math.floor(Math.random() * verbs.length)];
      try {
        await verb?.(name);
      } catch (error) {
        const fine =
          error instanceof BerthError && (EXPECTED.includes(error.kind) || ENDED.test(error.message));
        if (!fine) unexpected.push(error);
      }
      for (const record of containers.list()) {
        assert.equal(hasProcess(record.state), record.state.process !== undefined && isRunning(record.state));
      }
    }
  };
  await Promise.all(Array.from({ length: 6 }, work));
  assert.deepEqual(unexpected, []);
  for (const { id } of containers.list()) {
    await containers.remove(id, { force: true, volumes: true }).catch((error: unknown) => {
      assert.match(String(error), /No such container|already in progress/);
    });
  }
  await eventually('nothing is mounted', () =>
    listMounts().every(
      ({ mountPoint, fsType }) => fsType !== 'overlay' || !mountPoint.startsWith(roots.path),
    ),
  );
  assert.deepEqual(engine.volumes.list(), []);
  await eventually('no snapshot is left', async () => (await engine.snapshots.list()).length === 0);
});
