import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { listMounts } from '#linux/mount';
import { eventually, exec, importBusybox, Roots, request } from '../engine.fixture.ts';
import type { Engine } from '../engine.ts';
import { hasProcess } from './state.ts';

const opened: Roots[] = [];
after(() => {
  for (const roots of opened) roots[Symbol.dispose]();
});

async function withImage(): Promise<Roots> {
  const roots = new Roots();
  opened.push(roots);
  await using engine = await roots.open();
  await importBusybox(engine);
  return roots;
}

/** An engine in another process, which does what the script says and is killed whenever its owner likes. */
class Victim {
  readonly #process: ChildProcess;

  constructor(roots: Roots, script: string) {
    this.#process = fork(
      new URL('./recover.victim.ts', import.meta.url),
      [roots.dataRoot, roots.execRoot, script],
      {
        execArgv: ['--disable-warning=ExperimentalWarning'],
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      },
    );
  }

  /** What it says next: an id, or that it is through. */
  async says(): Promise<string> {
    const [message] = (await once(this.#process, 'message')) as [string];
    return message;
  }

  async kill(): Promise<void> {
    const ended = this.ended();
    this.#process.kill('SIGKILL');
    await ended;
  }

  async ended(): Promise<void> {
    await once(this.#process, 'exit');
  }
}

const namesIn = (directory: string): string[] => (existsSync(directory) ? readdirSync(directory) : []);

/** What there is on the host of an engine's containers. */
const found = (engine: Engine, roots: Roots) => ({
  bundles: namesIn(join(roots.execRoot, 'bundles')),
  overlays: listMounts()
    .filter(({ fsType, mountPoint }) => fsType === 'overlay' && mountPoint.startsWith(roots.path))
    .map(({ mountPoint }) => mountPoint),
  cgroups: namesIn('/sys/fs/cgroup').flatMap((hierarchy) =>
    namesIn(join('/sys/fs/cgroup', hierarchy, engine.instance)).filter((name) => /^[0-9a-f]{64}$/.test(name)),
  ),
  netns: namesIn(join(roots.execRoot, 'netns')),
});
/** Ready-made network sandboxes that belong to no container yet. */
const POOL = 1;

/** All that is left on the host belongs to a container that lives. */
async function assertClean(engine: Engine, roots: Roots): Promise<void> {
  const alive = engine.containers
    .list()
    .filter(({ state }) => hasProcess(state))
    .map(({ id }) => id);
  await eventually('nothing is left of the dead', () => {
    const { bundles, overlays, cgroups, netns } = found(engine, roots);
    return (
      bundles.every((id) => alive.includes(id)) &&
      cgroups.every((id) => alive.includes(id)) &&
      overlays.every((path) => alive.some((id) => path.includes(id))) &&
      alive.every((id) => bundles.includes(id)) &&
      netns.length <= alive.length + POOL
    );
  });
  await eventually('every snapshot is a container’s', async () => {
    const known = new Set(engine.containers.list().map(({ id }) => id));
    return (await engine.snapshots.list()).every((id) => known.has(id));
  });
}

test('what runs goes on, is found again, and can be talked to', async () => {
  const roots = await withImage();
  const victim = new Victim(roots, 'run');
  const id = await victim.says();
  await victim.kill();
  await using engine = await roots.open();
  const { state } = engine.containers.get(id);
  assert.equal(state.status, 'running');
  assert.equal((await exec(engine, id, ['echo', 'still here'])).stdout, 'still here\n');
  assert.ok(engine.networks.sandbox(id));
  await assertClean(engine, roots);
  await engine.containers.stop(id, { timeout: 0 });
  assert.equal(engine.containers.get(id).state.exitCode, 137);
  await engine.containers.remove(id);
});

test('an exit while nobody looked: its code, its log, and --rm', async () => {
  const roots = await withImage();
  const victim = new Victim(roots, 'exit-soon');
  const [plain, rm] = [await victim.says(), await victim.says()];
  await victim.kill();
  await sleep(700);
  await using engine = await roots.open();
  const { state } = engine.containers.get(plain);
  assert.deepEqual([state.status, state.exitCode], ['exited', 7]);
  const { entries } = engine.containers.logs(
    plain,
    { stdout: true, stderr: true, follow: false },
    AbortSignal.timeout(5000),
  );
  const lines = (await Array.fromAsync(entries)).map(({ line }) => line.toString());
  assert.deepEqual(lines, ['before\n', 'after\n']);
  await eventually('--rm is gone', () => !engine.containers.list().some(({ id }) => id === rm));
  await assertClean(engine, roots);
});

test('restart policies and health checks go on', async () => {
  const roots = await withImage();
  const victim = new Victim(roots, 'policies');
  const [always, probed] = [await victim.says(), await victim.says()];
  await victim.kill();
  await sleep(300);
  await using engine = await roots.open();
  await eventually('it is restarted', () => engine.containers.get(always).restartCount > 0);
  await exec(engine, probed, ['touch', '/tmp/well']);
  await eventually('it is healthy', () => engine.containers.get(probed).state.health?.status === 'healthy');
  await Promise.all([always, probed].map((id) => engine.containers.remove(id, { force: true })));
  await assertClean(engine, roots);
});

test('killed in the middle of a rename: links lead to the new name', async () => {
  const roots = await withImage();
  const victim = new Victim(roots, 'rename');
  const ended = victim.ended();
  const web = await victim.says();
  await ended;
  await using engine = await roots.open();
  assert.deepEqual(engine.containers.get(web).endpoints[0]?.links, ['kept:store']);
  const { id, formerNames } = engine.containers.get('kept');
  assert.equal(formerNames, undefined);
  await engine.containers.rename(id, 'db');
  assert.deepEqual(engine.containers.get(web).endpoints[0]?.links, ['db:store']);
});

test('closing with liveRestore off stops what runs; always comes back with the next engine', async () => {
  const roots = await withImage();
  const first = await roots.open({ liveRestore: false });
  const { id } = await first.containers.create(
    request(
      ['sleep', '100'],
      { stopTimeout: 0 },
      { restartPolicy: { name: 'always', maximumRetryCount: 0 } },
    ),
  );
  await first.containers.start(id);
  const pid = first.containers.get(id).state.process?.pid;
  await first.close();
  assert.ok(!existsSync(`/proc/${pid}`) || readFileSync(`/proc/${pid}/stat`, 'utf8').includes(' Z '));
  assert.ok(
    !listMounts().some(({ mountPoint }) => mountPoint.startsWith(roots.path)),
    'the host is as it was before',
  );
  await using second = await roots.open();
  await eventually('it runs again', () => second.containers.get(id).state.status === 'running');
  await second.containers.remove(id, { force: true });
});

test('killed at any moment of any verb: nothing acknowledged is lost, nothing is left', async () => {
  const roots = await withImage();
  for (let round = 0; round < 12; round++) {
    const victim = new Victim(roots, 'churn');
    const acknowledged = new Map<string, string>();
    const listening = (async () => {
      for (;;) {
        const [what = '', id = ''] = (await victim.says()).split(' ');
        acknowledged.set(id, what);
      }
    })();
    listening.catch(() => {});
    await sleep(350 + Math.random() * 400);
    await victim.kill();
    await using engine = await roots.open();
    const byId = new Map(engine.containers.list().map((record) => [record.id, record]));
    for (const [id, what] of acknowledged) {
      if (what === 'removed') assert.ok(!byId.has(id), `${id} was removed`);
      // A removal may have been under way; what is there must be in a state that fits.
      const status = byId.get(id)?.state.status;
      if (what === 'started' && status !== undefined)
        assert.ok(['running', 'paused', 'exited'].includes(status), status);
    }
    await assertClean(engine, roots);
    for (const { id } of engine.containers.list())
      await engine.containers.remove(id, { force: true, volumes: true });
    assert.deepEqual(engine.volumes.list(), []);
    await assertClean(engine, roots);
    assert.deepEqual(await engine.snapshots.list(), []);
  }
});
