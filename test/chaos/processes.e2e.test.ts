import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Daemon, eventually } from '../fixtures/daemon.ts';
import { turnOff } from '../fixtures/demolish.ts';
import { expectTidy } from './leftovers.ts';
import { Random } from './random.ts';
import { expectPage, freePort, World } from './verbs/world.ts';

const daemon = Daemon.forThisFile();
const world = new World({ daemon, random: Random.fromEnvironment(), sources: [] });

/** The conmon that holds a container. */
function conmonOf(id: string): number {
  for (const pid of readdirSync('/proc')) {
    if (
      /^\d+$/.test(pid) &&
      commandLine(pid).startsWith(`conmon\0--api-version\x001\0-c\0${id}\0-u\0${id}\0`)
    )
      return Number(pid);
  }
  throw new Error(`no conmon of ${id}`);
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

const isAlive = (pid: number): boolean => commandLine(String(pid)) !== '';
const exit = async (name: string) => {
  const { State } = await world.inspect(name);
  return [State.Status, State.ExitCode];
};

test('conmon is killed: the container runs on, and its end is still seen', async () => {
  const id = await daemon.ok('run', '-d', '--name', 'orphan', 'busybox', 'sleep', '1000');
  process.kill(conmonOf(id), 'SIGKILL');
  await sleep(100);
  assert.deepEqual(await exit('orphan'), ['running', 0]);
  assert.equal(await daemon.ok('exec', 'orphan', 'echo', 'here'), 'here');
  await daemon.ok('kill', '-s', 'KILL', 'orphan');
  await eventually('its end is seen', async () => (await exit('orphan'))[0] === 'exited');
  assert.deepEqual(await exit('orphan'), ['exited', 137]);
  await daemon.ok('start', 'orphan');
  assert.deepEqual(await exit('orphan'), ['running', 0]);
  await daemon.ok('rm', '-f', 'orphan');
  await expectTidy(daemon);
});

test('conmon and daemon are killed: the container is found by itself', async () => {
  const id = await daemon.ok('run', '-d', '--name', 'foundling', 'busybox', 'sleep', '1000');
  const { Pid } = (await world.inspect('foundling')).State;
  await daemon.kill9();
  process.kill(conmonOf(id), 'SIGKILL');
  await daemon.start();
  assert.deepEqual(await exit('foundling'), ['running', 0]);
  assert.equal((await world.inspect('foundling')).State.Pid, Pid);
  await daemon.ok('stop', '-t', '0', 'foundling');
  assert.equal((await exit('foundling'))[0], 'exited');
  assert.ok(!isAlive(Pid));
  await daemon.ok('rm', 'foundling');
  await expectTidy(daemon);
});

test('everything is killed: the container has ended, and can be started again', async () => {
  const id = await daemon.ok('run', '-d', '--name', 'lost', 'busybox', 'sleep', '1000');
  const again = await daemon.ok(
    'run',
    '-d',
    '--name',
    'again',
    '--restart',
    'always',
    'busybox',
    'sleep',
    '1000',
  );
  const pids = await Promise.all(
    [id, again].map(async (each) => [conmonOf(each), (await world.inspect(each)).State.Pid]),
  );
  await daemon.kill9();
  for (const pid of pids.flat()) process.kill(pid, 'SIGKILL');
  await daemon.start();
  const [status, code] = await exit('lost');
  assert.equal(status, 'exited');
  assert.notEqual(code, 0, 'nobody can call that a success');
  await eventually('its policy starts it', async () => (await exit('again'))[0] === 'running');
  await daemon.ok('start', 'lost');
  await daemon.ok('rm', '-f', 'lost', 'again');
  await expectTidy(daemon);
});

test("a container's init is killed, with the daemon and without", async () => {
  const script = "trap '' TERM; sleep 1000 & sleep 1000";
  await daemon.ok('run', '-d', '--name', 'tree', 'busybox', 'sh', '-c', script);
  const init = async () => (await world.inspect('tree')).State.Pid;
  process.kill(await init(), 'SIGKILL');
  assert.equal(await daemon.ok('wait', 'tree'), '137');
  await daemon.ok('start', 'tree');
  const pid = await init();
  await daemon.kill9();
  process.kill(pid, 'SIGKILL');
  await daemon.start();
  assert.deepEqual(await exit('tree'), ['exited', 137]);
  await daemon.ok('rm', 'tree');
  await expectTidy(daemon);
});

test('the daemon hangs for a while: containers do not', async () => {
  await daemon.ok(
    'run',
    '-d',
    '--name',
    'writer',
    'busybox',
    'sh',
    '-c',
    'i=0; while :; do echo $i; i=$((i+1)); sleep 0.01; done',
  );
  const lines = async () => (await daemon.ok('logs', 'writer')).split('\n').length;
  process.kill(daemon.pid, 'SIGSTOP');
  await sleep(700);
  process.kill(daemon.pid, 'SIGCONT');
  const afterwards = await lines();
  assert.ok(afterwards > 30, `it wrote ${afterwards} lines`);
  await daemon.ok('rm', '-f', 'writer');
});

test('the power fails: what the data root holds is there, what should run runs again', async () => {
  const port = await freePort();
  await daemon.ok('network', 'create', 'net');
  await daemon.ok(
    'run',
    '-d',
    '--name',
    'server',
    '--restart',
    'unless-stopped',
    '-p',
    `${port}:80`,
    '--network',
    'net',
    'busybox',
    'httpd',
    '-f',
    '-h',
    '/www',
  );
  await daemon.ok(
    'run',
    '-d',
    '--name',
    'plain',
    '-v',
    'kept:/v',
    'busybox',
    'sh',
    '-c',
    'echo data > /v/file; echo line; sleep 1000',
  );
  await daemon.ok('run', '-d', '--rm', '--name', 'removed', 'busybox', 'sleep', '1000');
  await daemon.ok('run', '--name', 'ended', 'busybox', 'sh', '-c', 'exit 4').catch(() => {});
  await daemon.ok('create', '--name', 'created', '-v', 'kept:/v', 'busybox', 'cat', '/v/file');
  await daemon.kill9();
  await turnOff(daemon);
  await daemon.start();
  await expectPage(port);
  assert.equal((await exit('plain'))[0], 'exited');
  assert.notEqual((await exit('plain'))[1], 0);
  assert.equal(await daemon.ok('logs', 'plain'), 'line');
  assert.deepEqual(await exit('ended'), ['exited', 4]);
  await eventually('--rm is carried out', async () => (await world.find('removed')) === undefined);
  assert.equal(await daemon.ok('start', '-a', 'created'), 'data');
  await expectTidy(daemon);
  await daemon.ok('rm', '-f', 'server', 'plain', 'ended', 'created');
  await daemon.ok('volume', 'rm', 'kept');
  await daemon.ok('network', 'rm', 'net');
  await expectTidy(daemon);
});
