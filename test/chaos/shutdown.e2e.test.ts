import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { Daemon, eventually, mountsBelow } from '../fixtures/daemon.ts';
import { instanceOf } from '../fixtures/footprint.ts';
import { bridgePrefix, expectTidy } from './leftovers.ts';
import { Random } from './random.ts';
import { type Inspected, World } from './verbs/world.ts';
import { Witness } from './witness.ts';

async function open(...flags: string[]): Promise<{ daemon: Daemon; world: World }> {
  const daemon = await Daemon.start({ flags });
  await daemon.importBusybox();
  return { daemon, world: new World({ daemon, random: Random.fromEnvironment(), sources: [] }) };
}

const trapping = (code: number, first = '') => [
  'sh',
  '-c',
  `trap '${first} echo bye; exit ${code}' TERM; echo ready; while :; do sleep 0.05; done`,
];

async function ready(daemon: Daemon, ...names: string[]): Promise<void> {
  for (const name of names)
    await eventually(`${name} is ready`, async () => (await daemon.ok('logs', name)).includes('ready'));
}

const state = async (world: World, name: string): Promise<Inspected['State']> =>
  (await world.inspect(name)).State;

test('SIGTERM leaves containers running, and the next daemon finds them', async () => {
  const { daemon, world } = await open();
  await using _ = daemon;
  const witness = await Witness.start(world);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    assert.equal(await daemon.stop(signal), 0);
    assert.ok(!existsSync(`${daemon.root}/s`), 'its socket is gone');
    await witness.serves();
    await daemon.start();
    await witness.goesOn();
  }
  await witness.logsAll();
  await expectTidy(daemon);
});

test('SIGTERM ends clients that would wait for ever, in good order', async () => {
  const { daemon, world } = await open();
  await using _ = daemon;
  await daemon.ok(
    'run',
    '-di',
    '--name',
    'held',
    'busybox',
    'sh',
    '-c',
    'trap "" TERM; while read line; do echo $line; done; sleep 1000',
  );
  await using logs = daemon.spawn('logs', '-f', 'held');
  await using waits = daemon.spawn('wait', 'held');
  // Also what happened before it asked.
  await using events = daemon.spawn('events', '--since', '1m');
  await using attached = daemon.spawn('attach', 'held');
  await using executing = daemon.spawn('exec', '-i', 'held', 'cat');
  await using stopping = daemon.spawn('stop', '-t', '30', 'held');
  await using loading = daemon.spawn('load');
  loading.write('a tar that never comes');
  await using importing = daemon.spawn('import', '-', 'never');
  importing.write('nor does this one');
  attached.write('hello\n');
  executing.write('inside\n');
  await logs.prints('hello');
  await executing.prints('inside');
  await events.prints('kill');
  assert.equal(await daemon.stop(), 0);
  for (const client of [loading, importing]) client.closeInput();
  for (const client of [logs, waits, events, attached, executing, stopping, loading, importing])
    await client.exit();
  await daemon.start();
  assert.equal((await state(world, 'held')).Status, 'running');
  await daemon.ok('rm', '-f', 'held');
  await expectTidy(daemon);
});

test('with nothing running SIGTERM leaves the host as it was', async () => {
  const { daemon, world } = await open();
  await using _ = daemon;
  await world.run({ Cmd: ['true'] }, 'ended');
  await daemon.ok('wait', 'ended');
  const own = `${bridgePrefix(daemon)}-own`;
  await daemon.ok('network', 'create', '-o', `com.docker.network.bridge.name=${own}`, 'own');
  const instance = instanceOf(daemon.dataRoot);
  const links = () => execFileSync('ip', ['-o', 'link'], { encoding: 'utf8' });
  const before = await daemon.ok(
    'network',
    'inspect',
    '-f',
    '{{index .Options "com.docker.network.bridge.name"}}',
    'bridge',
  );
  assert.ok(links().includes(before));
  assert.equal(await daemon.stop(), 0);
  assert.ok(!links().includes(before), 'the bridge is gone');
  assert.ok(!links().includes(own), 'so are those of other networks');
  assert.ok(
    !execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' }).includes(instance),
    'and the table',
  );
  assert.deepEqual(mountsBelow(daemon.root), [], 'and the mounts');
  assert.ok(!existsSync(`/sys/fs/cgroup/pids/${instance}`), 'and the cgroups');
  await daemon.start();
  await world.run({ HostConfig: { NetworkMode: 'own' } });
  await daemon.ok('start', 'ended');
});

test('with live-restore off SIGTERM stops containers first, and those that should run come back', async () => {
  const { daemon, world } = await open('--live-restore=false', '--shutdown-timeout', '1');
  await using _ = daemon;
  // Longer than the shutdown timeout, and not longer than its own.
  await daemon.ok('run', '-d', '--name', 'polite', 'busybox', ...trapping(5, 'sleep 2;'));
  await daemon.ok('run', '-d', '--name', 'always', '--restart', 'always', 'busybox', ...trapping(0));
  await daemon.ok('run', '-d', '--name', 'unless', '--restart', 'unless-stopped', 'busybox', ...trapping(0));
  await daemon.ok(
    'run',
    '-d',
    '--name',
    'deaf',
    '--stop-timeout',
    '1',
    'busybox',
    'sh',
    '-c',
    'trap "" TERM; echo ready; while :; do sleep 0.05; done',
  );
  await daemon.ok('run', '-d', '--rm', '--name', 'removed', 'busybox', ...trapping(0));
  await daemon.ok('run', '-d', '--name', 'paused', '--stop-timeout', '1', 'busybox', 'sleep', '1000');
  await daemon.ok('pause', 'paused');
  await ready(daemon, 'polite', 'always', 'unless', 'deaf', 'removed');
  assert.equal(await daemon.stop(), 0);
  assert.deepEqual(mountsBelow(daemon.root), []);
  await daemon.start();
  await eventually('it is removed', async () => (await world.find('removed')) === undefined);
  assert.deepEqual(
    [(await state(world, 'polite')).Status, (await state(world, 'polite')).ExitCode],
    ['exited', 5],
  );
  assert.match(await daemon.ok('logs', 'polite'), /bye/);
  assert.equal((await state(world, 'deaf')).ExitCode, 137);
  assert.equal((await state(world, 'paused')).Status, 'exited');
  for (const name of ['always', 'unless']) {
    await eventually(`${name} runs again`, async () => (await state(world, name)).Status === 'running');
  }
  await expectTidy(daemon);
});

test('with live-restore off a kill -9 still leaves containers running', async () => {
  const { daemon, world } = await open('--live-restore=false', '--shutdown-timeout', '1');
  await using _ = daemon;
  const witness = await Witness.start(world);
  await daemon.kill9();
  await daemon.start();
  await witness.goesOn();
  await witness.logsAll();
});

test('killed while it shuts down', async () => {
  const { daemon, world } = await open('--live-restore=false', '--shutdown-timeout', '2');
  await using _ = daemon;
  const names = ['one', 'two', 'three'];
  for (const name of names)
    await daemon.ok('run', '-d', '--name', name, '-v', '/v', 'busybox', ...trapping(0));
  for (let round = 0; round < 4; round++) {
    await ready(daemon, ...names);
    process.kill(daemon.pid, 'SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, world.random.below(200)));
    await daemon.kill9();
    await daemon.start();
    await expectTidy(daemon);
    for (const name of names) {
      const { Status, ExitCode } = await state(world, name);
      assert.ok(
        Status === 'running' || (Status === 'exited' && ExitCode === 0),
        `${name}: ${Status} ${ExitCode}`,
      );
    }
    await daemon.ok('rm', '-f', '-v', ...names);
    for (const name of names)
      await daemon.ok('run', '-d', '--name', name, '-v', '/v', 'busybox', ...trapping(0));
  }
});
