import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { Daemon, eventually } from '../fixtures/daemon.ts';

const daemon = Daemon.forThisFile();

const status = (name: string) => daemon.inspect(name, '.State.Status');

describe('the streams of docker run', () => {
  it('keeps stdout and stderr apart', async () => {
    const result = await daemon.docker('run', '--rm', 'busybox', 'sh', '-c', 'echo out; echo err >&2');
    assert.deepEqual(result, { code: 0, stdout: 'out\n', stderr: 'err\n' });
  });

  it('prints output without a newline at its end', async () => {
    const result = await daemon.docker('run', '--rm', 'busybox', 'printf', 'no newline');
    assert.equal(result.stdout, 'no newline');
  });

  it('-i carries the input and its end', async () => {
    assert.equal(await daemon.okWith('a\nb\n', 'run', '-i', '--rm', 'busybox', 'wc', '-l'), '2');
  });

  it('without -i the input is empty', async () => {
    assert.equal(
      await daemon.okWith('never read', 'run', '--rm', 'busybox', 'sh', '-c', 'cat; echo end'),
      'end',
    );
  });

  it('carries bytes of any value, megabytes of them, unharmed', async () => {
    const sent = randomBytes(4 * 2 ** 20);
    const digest = createHash('sha256').update(sent).digest('hex');
    const printed = await daemon.okWith(
      sent,
      'run',
      '-i',
      '--rm',
      'busybox',
      'sh',
      '-c',
      'tee /copy | sha256sum >&2; sha256sum </copy',
    );
    assert.equal(printed, `${digest}  -`);
    const size = 16 * 2 ** 20;
    const result = await daemon.run('docker', [
      'run',
      '--rm',
      'busybox',
      'sh',
      '-c',
      `yes | head -c ${size}`,
    ]);
    assert.equal(result.stdout.length, size);
  });

  it('a client that closes its output early is no harm', async () => {
    const result = await daemon.run('sh', ['-c', 'docker run --rm --name yes busybox yes | head -n 3']);
    assert.equal(result.stdout, 'y\ny\ny\n');
    await eventually('the daemon still answers', async () => (await daemon.docker('ps')).code === 0);
    await daemon.docker('rm', '-f', 'yes');
  });

  it('-a chooses the streams', async () => {
    const script = 'echo out; echo err >&2';
    const out = await daemon.docker('run', '--rm', '-a', 'stdout', 'busybox', 'sh', '-c', script);
    assert.deepEqual([out.stdout, out.stderr], ['out\n', '']);
    const err = await daemon.docker('run', '--rm', '-a', 'stderr', 'busybox', 'sh', '-c', script);
    assert.deepEqual([err.stdout, err.stderr], ['', 'err\n']);
  });

  it('ends with the container although a child holds its output', async () => {
    await using client = daemon.spawn('run', '--rm', 'busybox', 'sh', '-c', 'sleep 600 & echo main ends');
    assert.equal(await client.exit(), 0);
    assert.equal(client.stdout, 'main ends\n');
  });
});

describe('the client of docker run', () => {
  const script = 'echo ready; read x; exit 3';

  it('may be killed: the container goes on', async () => {
    await using client = daemon.spawn('run', '-i', '--name', 'alone', 'busybox', 'sh', '-c', script);
    await client.prints('ready');
    client.signal('SIGKILL');
    await client.exit();
    // Its stdin was this client's: the end of the one is the end of the other.
    assert.equal(await daemon.ok('wait', 'alone'), '3');
    await daemon.ok('rm', 'alone');
  });

  it('hears of stop, kill and rm -f', async () => {
    for (const [verb, code] of [
      [['stop', '-t', '0'], 137],
      [['kill', '-s', 'TERM'], 143],
      [['rm', '-f'], 137],
    ] as const) {
      const script = 'trap "exit 143" TERM; echo ready; while :; do sleep 0.02; done';
      await using client = daemon.spawn('run', '--name', 'ended', 'busybox', 'sh', '-c', script);
      await client.prints('ready');
      await daemon.ok(...verb, 'ended');
      const ended = await client.exit();
      assert.ok(ended === code || ended === 143, `${verb.join(' ')}: ${ended}`);
      await daemon.docker('rm', 'ended');
    }
  });

  it('with --rm the daemon removes the container also without it', async () => {
    await using client = daemon.spawn('run', '-i', '--rm', '--name', 'orphan', 'busybox', 'sh', '-c', script);
    await client.prints('ready');
    client.signal('SIGKILL');
    await client.exit();
    await eventually('it is gone', async () => (await daemon.ok('ps', '-aq')) === '');
  });
});

describe('signals to docker run', () => {
  it('are passed on', async () => {
    await using client = daemon.spawn(
      'run',
      '--rm',
      'busybox',
      'sh',
      '-c',
      'trap "echo got it; exit 5" TERM; echo ready; while :; do sleep 0.05; done',
    );
    await client.prints('ready');
    client.signal('SIGTERM');
    assert.equal(await client.exit(), 5);
    assert.equal(client.stdout, 'ready\ngot it\n');
  });

  it('not with --sig-proxy=false: the container goes on', async () => {
    await using client = daemon.spawn(
      'run',
      '--name',
      'goes-on',
      '--sig-proxy=false',
      'busybox',
      'sh',
      '-c',
      'echo ready; exec sleep 60',
    );
    await client.prints('ready');
    client.signal('SIGTERM');
    client.signal('SIGKILL');
    await client.exit();
    assert.equal(await status('goes-on'), 'running');
    await daemon.ok('rm', '-f', 'goes-on');
  });
});

describe('docker attach', () => {
  it('shows what comes from then on, to every client', async () => {
    await daemon.ok(
      'run',
      '-d',
      '-i',
      '--name',
      'echoes',
      'busybox',
      'sh',
      '-c',
      'echo before; while read x; do echo "<$x>"; done',
    );
    await eventually('it has begun', async () => (await daemon.ok('logs', 'echoes')) === 'before');
    await using one = daemon.spawn('attach', 'echoes');
    await using two = daemon.spawn('attach', '--no-stdin', 'echoes');
    await eventually('both hear it', async () => {
      one.write('hello\n');
      return one.stdout.includes('<hello>') && two.stdout.includes('<hello>');
    });
    assert.doesNotMatch(one.stdout + two.stdout, /before/);
    await daemon.ok('rm', '-f', 'echoes');
    assert.deepEqual([await one.exit(), await two.exit()], [137, 137]);
  });

  it("has the container's exit code", async () => {
    await daemon.ok('run', '-d', '-i', '--name', 'seven', 'busybox', 'sh', '-c', 'read x; exit 7');
    await using client = daemon.spawn('attach', 'seven');
    client.write('go\n');
    assert.equal(await client.exit(), 7);
    await daemon.ok('rm', 'seven');
  });

  it('passes signals on', async () => {
    await daemon.ok(
      'run',
      '-d',
      '--name',
      'trapped',
      'busybox',
      'sh',
      '-c',
      'trap "exit 3" INT; while :; do echo .; sleep 0.05; done',
    );
    await using client = daemon.spawn('attach', 'trapped');
    await client.prints('.');
    client.signal('SIGINT');
    assert.equal(await client.exit(), 3);
    await daemon.ok('rm', 'trapped');
  });

  it('--sig-proxy=false: the client alone goes', async () => {
    await daemon.ok(
      'run',
      '-d',
      '--name',
      'stays',
      'busybox',
      'sh',
      '-c',
      'while :; do echo .; sleep 0.05; done',
    );
    await using client = daemon.spawn('attach', '--sig-proxy=false', 'stays');
    await client.prints('.');
    client.signal('SIGTERM');
    client.signal('SIGKILL');
    await client.exit();
    assert.equal(await status('stays'), 'running');
    await daemon.ok('rm', '-f', 'stays');
  });

  it('the end of one client leaves stdin open for the next', async () => {
    await daemon.ok('run', '-d', '-i', '--name', 'once', 'busybox', 'cat');
    await using first = daemon.spawn('attach', 'once');
    first.write('from the first\n');
    await first.prints('from the first');
    first.closeInput();
    first.signal('SIGKILL');
    await using second = daemon.spawn('attach', 'once');
    second.write('still here\n');
    await second.prints('still here');
    await daemon.ok('rm', '-f', 'once');
  });

  it('is refused for a container that does not run, or is paused', async () => {
    await daemon.ok('create', '--name', 'idle', 'busybox');
    const idle = await daemon.docker('attach', 'idle');
    assert.equal(idle.code, 1);
    assert.match(idle.stderr, /cannot attach to a stopped container, start it first/i);
    await daemon.ok('rm', 'idle');
    await daemon.ok('run', '-d', '--name', 'frozen', 'busybox', 'sleep', '60');
    await daemon.ok('pause', 'frozen');
    const paused = await daemon.docker('attach', 'frozen');
    assert.match(paused.stderr, /cannot attach to a paused container, unpause it first/i);
    await daemon.ok('rm', '-f', 'frozen');
  });
});
