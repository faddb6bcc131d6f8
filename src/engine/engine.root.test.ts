import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { after, test } from 'node:test';
import { isKind } from '#lib/errors';
import { listMounts } from '#linux/mount';
import { eventually, importBusybox, Roots, request, run } from './engine.fixture.ts';

const opened: Roots[] = [];
const newRoots = () => {
  const roots = new Roots();
  opened.push(roots);
  return roots;
};
after(() => {
  for (const roots of opened) roots[Symbol.dispose]();
});

test('an engine that ran nothing leaves the host as it was', async () => {
  const roots = newRoots();
  const interfaces = readdirSync('/sys/class/net');
  const engine = await roots.open();
  const { instance } = engine;
  assert.match(instance, /^berth-[0-9a-f]{6}$/);
  await engine.close();
  await engine.close();
  assert.ok(!listMounts().some(({ mountPoint }) => mountPoint.startsWith(roots.path)));
  await eventually('its interfaces are gone', () =>
    readdirSync('/sys/class/net').every(
      (name) => interfaces.includes(name) || !name.includes(instance.slice(-6)),
    ),
  );
});

test('a second engine on the same roots is refused by name; the next one has the same id', async () => {
  const roots = newRoots();
  let id = '';
  {
    await using engine = await roots.open();
    ({ id } = engine);
    await assert.rejects(roots.open(), (error: unknown) => {
      assert.ok(isKind(error, 'conflict'));
      assert.ok(
        error.message.startsWith(`${roots.dataRoot} is in use by another engine (process ${process.pid})`),
      );
      return true;
    });
    const other = newRoots();
    await assert.rejects(
      other.open({ execRoot: roots.execRoot }),
      (error: unknown) => isKind(error, 'conflict') && error.message.startsWith(roots.execRoot),
    );
  }
  await using again = await roots.open();
  assert.equal(again.id, id);
});

test('two engines side by side do not meet', async () => {
  await using one = await newRoots().open();
  await using two = await newRoots().open();
  assert.notEqual(one.instance, two.instance);
  await Promise.all([importBusybox(one), importBusybox(two)]);
  const outcomes = await Promise.all(
    [one, two].map((engine) =>
      run(engine, request(['sh', '-c', 'ip -o addr show eth0'], {}, { autoRemove: true })),
    ),
  );
  for (const { exitCode, stdout } of outcomes) {
    assert.equal(exitCode, 0);
    assert.match(stdout, /inet /);
  }
});

test('a port is free as soon as the exit of its container is known', async () => {
  await using engine = await newRoots().open();
  await importBusybox(engine);
  const portBindings = [{ containerPort: 80, protocol: 'tcp', hostIp: '', hostPort: 38_471 }] as const;
  for (let round = 0; round < 5; round++) {
    const { exitCode } = await run(engine, request(['true'], {}, { portBindings }));
    assert.equal(exitCode, 0);
  }
  const holder = await engine.containers.create(request(['sleep', '100'], {}, { portBindings }));
  await engine.containers.start(holder.id);
  const late = await engine.containers.create(request(['true'], {}, { portBindings }));
  await assert.rejects(engine.containers.start(late.id), /port is already allocated/);
  assert.equal(engine.containers.get(late.id).state.exitCode, 128);
  await engine.containers.stop(holder.id, { timeout: 0 });
  await engine.containers.start(late.id);
  await engine.containers.wait(late.id, 'not-running');
});

test('info and disk usage', async () => {
  await using engine = await newRoots().open();
  await importBusybox(engine);
  const info = await engine.info();
  assert.equal(info.id, engine.id);
  assert.match(info.runtimeVersions['crun'] ?? '', /^crun version/);
  assert.ok(info.cpus > 0 && info.memory > 0 && info.securityOptions.includes('name=cgroupns'));
  const volume = { binds: ['kept:/v'] };
  await run(
    engine,
    request(['sh', '-c', 'head -c 100000 /dev/zero > /file; head -c 50000 /dev/zero > /v/f'], {}, volume),
  );
  const usage = await engine.diskUsage();
  assert.equal(usage.images[0]?.containers, 1);
  assert.ok((usage.containers[0]?.sizeRw ?? 0) >= 100_000);
  assert.ok((usage.containers[0]?.sizeRootFs ?? 0) > (usage.images[0]?.size ?? 0));
  assert.equal(usage.volumes.length, 1);
  assert.equal(usage.volumes[0]?.users, 1);
  assert.ok((usage.volumes[0]?.size ?? 0) >= 50_000);
});

for (const liveRestore of [false, true]) {
  test(`nothing keeps the process of a closed engine, liveRestore ${liveRestore}`, async () => {
    const roots = newRoots();
    {
      await using engine = await roots.open();
      await importBusybox(engine);
    }
    const victim = fork(
      new URL('./shutdown.victim.ts', import.meta.url),
      [roots.dataRoot, roots.execRoot, String(liveRestore)],
      { execArgv: ['--disable-warning=ExperimentalWarning'], timeout: 30_000 },
    );
    assert.deepEqual(await once(victim, 'exit'), [0, null]);
    await using engine = await roots.open();
    for (const { id } of engine.containers.list()) await engine.containers.remove(id, { force: true });
  });
}
