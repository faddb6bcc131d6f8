import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Daemon, eventually } from '../fixtures/daemon.ts';
import { expectTidy } from './leftovers.ts';
import { Random } from './random.ts';
import { expectPage, freePort, World } from './verbs/world.ts';
import { Witness } from './witness.ts';

const daemon = Daemon.forThisFile();
const world = new World({ daemon, random: Random.fromEnvironment(), sources: [] });

const status = async (name: string) => (await world.inspect(name)).State.Status;
const exit = async (name: string) => {
  const { State } = await world.inspect(name);
  return [State.Status, State.ExitCode];
};

/** kill -9, something in between, and a new daemon. */
async function gap(between: () => Promise<unknown> = () => Promise.resolve()): Promise<void> {
  await daemon.kill9();
  await between();
  await daemon.start();
}

test('what runs goes on: its process, its pages, its log, what is attached to it', async () => {
  const witness = await Witness.start(world);
  await daemon.ok('network', 'create', 'net');
  const port = await freePort();
  await daemon.ok(
    'run',
    '-d',
    '--name',
    'on-net',
    '--network',
    'net',
    '-p',
    `${port}:80`,
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
    'joined',
    '--network',
    'container:on-net',
    'busybox',
    'sleep',
    '1000',
  );
  await daemon.ok('run', '-dit', '--name', 'terminal', 'busybox', 'sh');
  await daemon.ok(
    'run',
    '-di',
    '--name',
    'reader',
    '-v',
    'kept:/v',
    'busybox',
    'sh',
    '-c',
    'while read line; do echo $line >> /v/lines; echo got $line; done',
  );
  await daemon.ok('run', '-d', '--name', 'frozen', 'busybox', 'sleep', '1000');
  await daemon.ok('pause', 'frozen');
  await gap(async () => {
    await witness.serves();
    await expectPage(port);
    await sleep(300);
  });
  await witness.goesOn();
  await witness.logsAll();
  await expectPage(port);
  assert.equal(
    await daemon.ok('exec', 'joined', 'wget', '-qO-', 'http://127.0.0.1/'),
    await daemon.ok('exec', 'on-net', 'cat', '/www/index.html'),
  );
  assert.equal(await status('frozen'), 'paused');
  await daemon.ok('unpause', 'frozen');

  await using attached = daemon.spawn('attach', 'reader');
  attached.write('one\n');
  await attached.prints('got one');
  await gap(() => attached.exit());
  await using again = daemon.spawn('attach', 'reader');
  again.write('two\n');
  await again.prints('got two');
  assert.equal(await daemon.ok('exec', 'reader', 'cat', '/v/lines'), 'one\ntwo');
  assert.equal(await daemon.ok('logs', 'reader'), 'got one\ngot two');
  assert.equal(await daemon.ok('exec', '-t', 'terminal', 'tty'), '/dev/pts/1');
  await daemon.ok('stop', '-t', '1', 'terminal');
  await expectTidy(daemon);
});

test('log readers that follow see the daemon go, and miss nothing when they come back', async () => {
  await daemon.ok(
    'run',
    '-d',
    '--name',
    'talker',
    'busybox',
    'sh',
    '-c',
    'i=0; while :; do echo $i; i=$((i+1)); sleep 0.01; done',
  );
  await using reader = daemon.spawn('logs', '-f', 'talker');
  await reader.prints(/^20$/m);
  await gap(() => reader.exit());
  const seen = reader.stdout.trim().split('\n').length;
  const all = (await daemon.ok('logs', 'talker')).split('\n');
  assert.ok(all.length >= seen);
  assert.deepEqual(all, [...all.keys()].map(String));
  await daemon.ok('rm', '-f', 'talker');
});

test('what ended while nobody looked: exit codes, logs, events, and --rm', async () => {
  const started = (Date.now() / 1000).toFixed(3);
  const later = (script: string) => ['sh', '-c', `while ! test -e /go/on; do sleep 0.02; done; ${script}`];
  const go = join(daemon.root, 'go');
  mkdirSync(go);
  const bind = ['-v', `${go}:/go`];
  const run = (name: string, flags: readonly string[], script: string) =>
    daemon.ok('run', '-d', '--name', name, ...bind, ...flags, 'busybox', ...later(script));
  await run('fine', [], 'echo before; echo after >&2');
  await run('failed', [], 'exit 7');
  await run('signalled', [], 'exit 143');
  await run('removed', ['--rm', '-v', '/anonymous'], 'exit 0');
  await run('with-volume', ['--rm', '-v', 'named:/v'], 'echo x > /v/file; exit 3');
  await using waiting = daemon.spawn('wait', 'failed');
  await gap(async () => {
    writeFileSync(join(go, 'on'), '');
    await sleep(500);
  });
  assert.notEqual(await waiting.exit(), 0);
  assert.deepEqual(await exit('fine'), ['exited', 0]);
  assert.deepEqual(await exit('failed'), ['exited', 7]);
  assert.equal(await daemon.ok('wait', 'failed'), '7');
  assert.deepEqual(await exit('signalled'), ['exited', 143]);
  assert.equal(await daemon.ok('logs', 'fine'), 'before');
  await eventually(
    '--rm is carried out',
    async () => !(await world.find('removed')) && !(await world.find('with-volume')),
  );
  await eventually('so is its volume, and named ones stay', async () => {
    const volumes = (await daemon.ok('volume', 'ls', '-q')).split('\n').toSorted();
    return volumes.join() === 'kept,named';
  });
  const until = (Date.now() / 1000 + 1).toFixed(3);
  const events = await daemon.ok(
    'events',
    '--since',
    started,
    '--until',
    until,
    '--filter',
    'event=die',
    '--format',
    '{{.Actor.Attributes.name}} {{.Actor.Attributes.exitCode}}',
  );
  assert.deepEqual(events.split('\n').toSorted(), [
    'failed 7',
    'fine 0',
    'removed 0',
    'signalled 143',
    'with-volume 3',
  ]);
  await expectTidy(daemon);
});

test('restart policies act on what happened meanwhile, and go on', async () => {
  const counts = join(daemon.root, 'counts');
  mkdirSync(counts);
  const run = (name: string, policy: string, script: string) =>
    daemon.ok(
      'run',
      '-d',
      '--name',
      name,
      '--restart',
      policy,
      '-v',
      `${counts}:/c`,
      'busybox',
      'sh',
      '-c',
      `echo x >> /c/${name}; ${script}`,
    );
  const runs = (name: string) => readFileSync(join(counts, name), 'utf8').length / 2;
  const once = 'test $(wc -l < /c/NAME) -gt 1 || sleep 0.3; exec sleep 1000';
  await run('policy-no', 'no', 'sleep 0.3');
  await run(
    'policy-always',
    'always',
    'test $(wc -l < /c/policy-always) -gt 1 && exec sleep 1000; sleep 0.3',
  );
  await run(
    'policy-unless',
    'unless-stopped',
    'test $(wc -l < /c/policy-unless) -gt 1 && exec sleep 1000; sleep 0.3; exit 1',
  );
  await run('policy-failure', 'on-failure:2', 'sleep 0.3; exit 6');
  await run('policy-success', 'on-failure', 'sleep 0.3; exit 0');
  await run('stopped-unless', 'unless-stopped', once.replaceAll('NAME', 'stopped-unless'));
  await run('stopped-always', 'always', once.replaceAll('NAME', 'stopped-always'));
  await daemon.ok('stop', '-t', '0', 'stopped-unless', 'stopped-always');
  await gap(() => sleep(500));
  await eventually('those that should run again do', async () => {
    const states = await Promise.all(['policy-always', 'policy-unless', 'stopped-always'].map(status));
    return states.every((state) => state === 'running');
  });
  await eventually('its attempts are used up', async () => (await status('policy-failure')) === 'exited');
  assert.deepEqual(await exit('policy-failure'), ['exited', 6]);
  // The one whose end nobody saw is restarted with the daemon, as Docker does; then it has its two.
  assert.ok([3, 4].includes(runs('policy-failure')), `it ran ${runs('policy-failure')} times`);
  for (const name of ['policy-no', 'policy-success', 'stopped-unless']) {
    assert.equal(await status(name), 'exited', name);
    assert.equal(runs(name), 1, name);
  }
  await gap();
  assert.equal(await status('stopped-unless'), 'exited', 'the will of the user is on record');
  await daemon.ok(
    'rm',
    '-f',
    ...(await daemon.ok('ps', '-aq', '--filter', 'name=policy', '--filter', 'name=stopped')).split('\n'),
  );
  await expectTidy(daemon);
});

test('a daemon killed again and again while a container crashes in a loop', async () => {
  await daemon.ok(
    'run',
    '-d',
    '--name',
    'loop',
    '--restart',
    'always',
    'busybox',
    'sh',
    '-c',
    'echo up; sleep 0.05; exit 1',
  );
  for (let round = 0; round < 6; round++) {
    await sleep(world.random.below(250));
    await gap(() => sleep(world.random.below(150)));
  }
  const before = (await daemon.ok('logs', 'loop')).split('\n').length;
  await eventually(
    'it is still restarted',
    async () => (await daemon.ok('logs', 'loop')).split('\n').length > before,
  );
  await daemon.ok('rm', '-f', 'loop');
  await expectTidy(daemon);
});

test('a log that is rotated while daemons come and go loses nothing on the way', async () => {
  const options = ['--log-opt', 'max-size=8k', '--log-opt', 'max-file=5'];
  const script = 'i=0; while :; do echo $i; i=$((i+1)); usleep 2000; done';
  await daemon.ok('run', '-d', '--name', 'rotated', ...options, 'busybox', 'sh', '-c', script);
  const numbers = async () => (await daemon.ok('logs', 'rotated')).split('\n').map(Number);
  let last = -1;
  for (let round = 0; round < 3; round++) {
    await sleep(200 + world.random.below(300));
    await gap(() => sleep(world.random.below(200)));
    const [first = 0, ...rest] = await numbers();
    assert.deepEqual(
      rest,
      [...rest.keys()].map((index) => first + 1 + index),
      'no line is missing in between',
    );
    assert.ok((rest.at(-1) ?? 0) > last, 'it writes on');
    last = rest.at(-1) ?? 0;
  }
  await eventually('it is rotated', async () => ((await numbers())[0] ?? 0) > 0);
  await daemon.ok('rm', '-f', 'rotated');
});

test('health checks go on', async () => {
  const flags = ['--health-cmd', 'test -e /well', '--health-interval', '100ms', '--health-retries', '2'];
  await daemon.ok('run', '-d', '--name', 'probed', ...flags, 'busybox', 'sleep', '1000');
  const health = () => daemon.inspect('probed', '.State.Health.Status');
  await eventually('it is unhealthy', async () => (await health()) === 'unhealthy');
  await gap();
  await daemon.ok('exec', 'probed', 'touch', '/well');
  await eventually('it is healthy', async () => (await health()) === 'healthy');
  await gap();
  assert.equal(await health(), 'healthy');
  await daemon.ok('exec', 'probed', 'rm', '/well');
  await eventually('it is unhealthy again', async () => (await health()) === 'unhealthy');
  await daemon.ok('rm', '-f', 'probed');
});

test('limits, files and names of what runs are those that it was given', async () => {
  await daemon.ok(
    'run',
    '-d',
    '--name',
    'limited',
    '-m',
    '32m',
    '--pids-limit',
    '50',
    '--hostname',
    'h',
    '--add-host',
    'x:10.9.8.7',
    '--dns',
    '10.1.1.1',
    'busybox',
    'sleep',
    '1000',
  );
  await gap();
  assert.equal(await daemon.ok('exec', 'limited', 'hostname'), 'h');
  assert.match(await daemon.ok('exec', 'limited', 'cat', '/etc/hosts'), /10\.9\.8\.7\s+x/);
  assert.match(await daemon.ok('exec', 'limited', 'cat', '/etc/resolv.conf'), /ExtServers: \[10\.1\.1\.1\]/);
  const stats = JSON.parse(await daemon.ok('stats', '--no-stream', '--format', 'json', 'limited')) as {
    MemUsage: string;
  };
  assert.match(stats.MemUsage, /\/ 32MiB$/);
  await daemon.ok('rm', '-f', 'limited');
});
