import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Daemon, eventually } from '../fixtures/daemon.ts';

const daemon = Daemon.forThisFile();

interface Health {
  readonly Status: string;
  readonly FailingStreak: number;
  readonly Log: readonly { readonly ExitCode: number; readonly Output: string }[];
}
const health = async (name: string) => (await daemon.inspect(name, '.State.Health')) as Health;
const becomes = (name: string, status: string) =>
  eventually(`${name} is ${status}`, async () => (await health(name)).Status === status, 15_000);
const restarts = async (name: string) => Number(await daemon.inspect(name, '.RestartCount'));
const status = (name: string) => daemon.inspect(name, '.State.Status');
const QUICK = ['--health-interval', '100ms', '--health-timeout', '2s'];

describe('health checks', () => {
  it('starting, healthy, unhealthy, healthy', async () => {
    await daemon.ok(
      'run',
      '-d',
      '--name',
      'checked',
      ...QUICK,
      '--health-retries',
      '2',
      '--health-cmd',
      'cat /ok',
      'busybox',
      'sh',
      '-c',
      'sleep 0.3; echo fine >/ok; exec sleep 600',
    );
    await becomes('checked', 'healthy');
    const good = await health('checked');
    assert.equal(good.FailingStreak, 0);
    assert.deepEqual([good.Log.at(-1)?.ExitCode, good.Log.at(-1)?.Output], [0, 'fine\n']);
    assert.match(await daemon.ok('ps', '--format', '{{.Status}}'), /\(healthy\)$/);
    assert.equal(await daemon.ok('ps', '-q', '-f', 'health=healthy').then((text) => text.length), 12);
    await daemon.ok('exec', 'checked', 'rm', '/ok');
    await becomes('checked', 'unhealthy');
    const bad = await health('checked');
    assert.ok(bad.FailingStreak >= 2);
    assert.match(bad.Log.at(-1)?.Output ?? '', /can't open '\/ok'/);
    assert.ok(bad.Log.length <= 5);
    await daemon.ok('exec', 'checked', 'touch', '/ok');
    await becomes('checked', 'healthy');
    await daemon.ok('rm', '-f', 'checked');
  });

  it('a check that takes too long has failed', async () => {
    await daemon.ok(
      'run',
      '-d',
      '--name',
      'slow',
      '--health-interval',
      '100ms',
      '--health-timeout',
      '200ms',
      '--health-retries',
      '1',
      '--health-cmd',
      'sleep 60',
      'busybox',
      'sleep',
      '600',
    );
    await becomes('slow', 'unhealthy');
    assert.match(
      (await health('slow')).Log[0]?.Output ?? '',
      /Health check exceeded timeout \(200ms\)|exceeded timeout/,
    );
    await eventually(
      'no check is left',
      async () => !/sleep 60$/m.test((await daemon.ok('top', 'slow')).replace(/sleep 600$/gm, '')),
    );
    await daemon.ok('rm', '-f', 'slow');
  });

  it('--health-start-period forgives', async () => {
    await daemon.ok(
      'run',
      '-d',
      '--name',
      'forgiven',
      ...QUICK,
      '--health-retries',
      '1',
      '--health-start-period',
      '1h',
      '--health-start-interval',
      '100ms',
      '--health-cmd',
      'false',
      'busybox',
      'sleep',
      '600',
    );
    await eventually('some checks', async () => (await health('forgiven')).Log.length >= 3);
    assert.equal((await health('forgiven')).Status, 'starting');
    await daemon.ok('rm', '-f', 'forgiven');
  });

  it('comes from the image, and --no-healthcheck turns it off', async () => {
    await daemon.ok('create', '--name', 'base', 'busybox', 'sleep', '600');
    await daemon.ok('commit', '-c', 'HEALTHCHECK --interval=100ms CMD true', 'base', 'healthy');
    await daemon.ok('run', '-d', '--name', 'inherits', 'healthy', 'sleep', '600');
    await becomes('inherits', 'healthy');
    await daemon.ok('run', '-d', '--name', 'refuses', '--no-healthcheck', 'healthy', 'sleep', '600');
    assert.equal(await health('refuses'), null);
    await daemon.ok('rm', '-f', 'base', 'inherits', 'refuses');
  });

  it('events tell', async () => {
    const since = (Date.now() / 1000).toFixed(3);
    await daemon.ok(
      'run',
      '-d',
      '--name',
      'told',
      ...QUICK,
      '--health-cmd',
      'true',
      'busybox',
      'sleep',
      '600',
    );
    await becomes('told', 'healthy');
    assert.match(
      await daemon.ok(
        'events',
        '--since',
        since,
        '--until',
        (Date.now() / 1000).toFixed(3),
        '--filter',
        'container=told',
      ),
      /health_status: healthy/,
    );
    await daemon.ok('rm', '-f', 'told');
  });

  it('goes on after a restart of the daemon', async () => {
    await daemon.ok(
      'run',
      '-d',
      '--name',
      'outlives',
      ...QUICK,
      '--health-retries',
      '1',
      '--health-cmd',
      'test ! -e /bad',
      'busybox',
      'sleep',
      '600',
    );
    await becomes('outlives', 'healthy');
    await daemon.kill9();
    await daemon.start();
    assert.equal((await health('outlives')).Status, 'healthy');
    await daemon.ok('exec', 'outlives', 'touch', '/bad');
    await becomes('outlives', 'unhealthy');
    await daemon.ok('rm', '-f', 'outlives');
  });
});

describe('restart policies', () => {
  it('on-failure restarts what fails, so many times', async () => {
    await daemon.ok(
      'run',
      '-d',
      '--name',
      'fails',
      '--restart',
      'on-failure:2',
      'busybox',
      'sh',
      '-c',
      'echo run; exit 1',
    );
    await eventually(
      'it gave up',
      async () => (await status('fails')) === 'exited' && (await restarts('fails')) === 2,
    );
    assert.equal(await daemon.ok('logs', 'fails'), 'run\nrun\nrun');
    await daemon.ok('rm', 'fails');
  });

  it('on-failure leaves success alone', async () => {
    await daemon.ok('run', '-d', '--name', 'succeeds', '--restart', 'on-failure', 'busybox', 'true');
    assert.equal(await daemon.ok('wait', 'succeeds'), '0');
    assert.deepEqual([await status('succeeds'), await restarts('succeeds')], ['exited', 0]);
    await daemon.ok('rm', 'succeeds');
  });

  it('always restarts also success, until it is stopped', async () => {
    await daemon.ok('run', '-d', '--name', 'always', '--restart', 'always', 'busybox', 'true');
    await eventually('two restarts', async () => (await restarts('always')) >= 2);
    await daemon.ok('stop', '-t', '0', 'always');
    const count = await restarts('always');
    assert.equal(await status('always'), 'exited');
    await daemon.ok('start', 'always');
    await daemon.ok('rm', '-f', 'always');
    assert.ok(count >= 2);
  });

  it('always survives kill -9 of the process', async () => {
    await daemon.ok('run', '-d', '--name', 'phoenix', '--restart', 'always', 'busybox', 'sleep', '600');
    const pid = Number(await daemon.inspect('phoenix', '.State.Pid'));
    process.kill(pid, 'SIGKILL');
    await eventually('another process', async () => {
      const now = Number(await daemon.inspect('phoenix', '.State.Pid'));
      return now > 0 && now !== pid;
    });
    assert.equal(await restarts('phoenix'), 1);
    await daemon.ok('rm', '-f', 'phoenix');
  });

  it('docker kill ends it for good, docker restart does not count', async () => {
    await daemon.ok(
      'run',
      '-d',
      '--name',
      'killed',
      '--restart',
      'unless-stopped',
      'busybox',
      'sleep',
      '600',
    );
    await daemon.ok('restart', '-t', '0', 'killed');
    assert.equal(await restarts('killed'), 0);
    await daemon.ok('kill', 'killed');
    await daemon.ok('wait', 'killed');
    assert.equal(await status('killed'), 'exited');
    await daemon.ok('rm', 'killed');
  });

  it('after the daemon was away: always and unless-stopped come back, but for what the user stopped', async () => {
    const policies = ['no', 'on-failure', 'always', 'unless-stopped'];
    for (const policy of policies)
      await daemon.ok('run', '-d', '--name', policy, '--restart', policy, 'busybox', 'sleep', '600');
    await daemon.ok(
      'run',
      '-d',
      '--name',
      'stopped',
      '--restart',
      'unless-stopped',
      'busybox',
      'sleep',
      '600',
    );
    await daemon.ok('stop', '-t', '0', 'stopped');
    const pids = await Promise.all(
      policies.map(async (name) => Number(await daemon.inspect(name, '.State.Pid'))),
    );
    await daemon.kill9();
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await daemon.start();
    await eventually(
      'they are back',
      async () => (await status('always')) === 'running' && (await status('unless-stopped')) === 'running',
    );
    assert.deepEqual([await status('no'), await status('stopped')], ['exited', 'exited']);
    assert.equal(await daemon.inspect('no', '.State.ExitCode'), 137);
    await daemon.ok('rm', '-f', ...policies, 'stopped');
  });

  it('not together with --rm', async () => {
    const result = await daemon.docker('run', '--rm', '--restart', 'always', 'busybox', 'true');
    assert.notEqual(result.code, 0);
    assert.match(result.stderr, /conflicting options: cannot specify both --restart and --rm/);
  });
});
