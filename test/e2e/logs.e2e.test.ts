import assert from 'node:assert/strict';
import { globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Daemon, eventually } from '../fixtures/daemon.ts';

const daemon = Daemon.forThisFile();

const said = async (name: string, script: string, ...flags: readonly string[]) => {
  await daemon.docker('run', '--name', name, ...flags, 'busybox', 'sh', '-c', script);
};

describe('docker logs', () => {
  it('has both streams, each where it belongs', async () => {
    await said('both', 'echo out; echo err >&2; printf "no newline"');
    assert.deepEqual(await daemon.docker('logs', 'both'), {
      code: 0,
      stdout: 'out\nno newline',
      stderr: 'err\n',
    });
    await daemon.ok('rm', 'both');
  });

  it('--tail', async () => {
    await said('counts', 'seq 1 1000');
    assert.equal(await daemon.ok('logs', '--tail', '3', 'counts'), '998\n999\n1000');
    assert.equal(await daemon.ok('logs', '--tail', '0', 'counts'), '');
    assert.equal((await daemon.ok('logs', '--tail', 'all', 'counts')).split('\n').length, 1000);
    assert.equal((await daemon.ok('logs', '-n', '5000', 'counts')).split('\n').length, 1000);
    await daemon.ok('rm', 'counts');
  });

  it('-t puts the time before each line', async () => {
    await said('times', 'echo one; echo two');
    const lines = (await daemon.ok('logs', '-t', 'times')).split('\n');
    assert.equal(lines.length, 2);
    for (const line of lines) assert.match(line, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z (one|two)$/);
    await daemon.ok('rm', 'times');
  });

  it('--since and --until, as moments and as spans', async () => {
    await said('spans', 'echo early; sleep 1.1; echo late');
    const lines = (await daemon.ok('logs', '-t', 'spans')).split('\n');
    const late = lines[1]?.split(' ')[0] ?? '';
    const before = new Date(Date.parse(late) - 200).toISOString();
    assert.equal(await daemon.ok('logs', '--since', before, 'spans'), 'late');
    assert.equal(await daemon.ok('logs', '--until', before, 'spans'), 'early');
    assert.equal(await daemon.ok('logs', '--since', '1h', 'spans'), 'early\nlate');
    assert.equal(await daemon.ok('logs', '--until', '1h', 'spans'), '');
    assert.equal(
      await daemon.ok('logs', '--since', String(Math.floor(Date.parse(before) / 1000) + 3600), 'spans'),
      '',
    );
    await daemon.ok('rm', 'spans');
  });

  it('-f follows until the container ends', async () => {
    await daemon.ok(
      'run',
      '-d',
      '-i',
      '--name',
      'talks',
      'busybox',
      'sh',
      '-c',
      'echo first; while read x; do echo "<$x>"; done',
    );
    await using follower = daemon.spawn('logs', '-f', 'talks');
    await follower.prints('first');
    await using speaker = daemon.spawn('attach', 'talks');
    speaker.write('second\n');
    await follower.prints('<second>');
    speaker.closeInput();
    await daemon.ok('stop', '-t', '0', 'talks');
    assert.equal(await follower.exit(), 0);
    assert.equal(follower.stdout, 'first\n<second>\n');
    await daemon.ok('rm', 'talks');
  });

  it('-f --tail starts near the end, -f on an ended one ends', async () => {
    await said('ended', 'seq 1 50');
    assert.equal(await daemon.ok('logs', '-f', '--tail', '2', 'ended'), '49\n50');
    await daemon.ok('rm', 'ended');
  });

  it('-f goes on over the restart of the container', async () => {
    await daemon.ok('run', '-d', '--name', 'again', 'busybox', 'sh', '-c', 'echo started; exec sleep 600');
    await using follower = daemon.spawn('logs', '-f', 'again');
    await follower.prints('started');
    await daemon.ok('rm', '-f', 'again');
    assert.equal(await follower.exit(), 0);
  });

  it('of a terminal: one stream, as it was printed', async () => {
    await said('tty', 'echo out; echo err >&2', '-t');
    assert.deepEqual(await daemon.docker('logs', 'tty'), { code: 0, stdout: 'out\r\nerr\r\n', stderr: '' });
    await daemon.ok('rm', 'tty');
  });

  it('long lines stay whole', async () => {
    await said('long', 'head -c 100000 /dev/zero | tr "\\0" x; echo; echo end');
    const log = await daemon.ok('logs', 'long');
    assert.equal(log, `${'x'.repeat(100_000)}\nend`);
    assert.equal(await daemon.ok('logs', '--tail', '1', 'long'), 'end');
    await daemon.ok('rm', 'long');
  });

  it('keeps what all runs of a container said', async () => {
    await said('twice', 'echo run');
    await daemon.ok('start', '-a', 'twice');
    assert.equal(await daemon.ok('logs', 'twice'), 'run\nrun');
    await daemon.ok('rm', 'twice');
  });

  it('a container that never ran has an empty one, an unknown none', async () => {
    await daemon.ok('create', '--name', 'never', 'busybox');
    assert.equal(await daemon.ok('logs', 'never'), '');
    await daemon.ok('rm', 'never');
    const unknown = await daemon.docker('logs', 'nosuch');
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /No such container: nosuch/);
  });
});

describe('log drivers and limits', () => {
  it('--log-opt max-size and max-file bound what stays', async () => {
    const limits = ['--log-opt', 'max-size=64k', '--log-opt', 'max-file=3', '--log-opt', 'compress=false'];
    // Says the next two thousand numbers whenever it is asked to.
    const script = 'while read i; do seq $((i * 2000)) $((i * 2000 + 1999)); done';
    await daemon.ok('run', '-di', '--name', 'loud', ...limits, 'busybox', 'sh', '-c', script);
    await using asker = daemon.spawn('attach', '--sig-proxy=false', 'loud');
    const directory = join(daemon.dataRoot, 'containers', String(await daemon.inspect('loud', '.Id')));
    const files = () => globSync(join(directory, '*.log*'));
    const last = (round: number) => String(round * 2000 + 1999);
    const live = () => statSync(join(directory, 'container.log'), { throwIfNoEntry: false })?.size;
    for (let round = 0; round < 3; round++) {
      asker.write(`${round}\n`);
      // However late the engine looks at a log: it is not asked to say more before that.
      await eventually(
        'all is said, and there is a file again that is smaller than the limit',
        async () =>
          (await daemon.ok('logs', '-n', '1', 'loud')) === last(round) &&
          (live() ?? Number.POSITIVE_INFINITY) < 64_000,
      );
    }
    assert.equal(files().length, 3);
    const size = files().reduce((sum, file) => sum + statSync(file).size, 0);
    assert.ok(size < 250_000, `${size} of some 300,000 bytes are left`);
    const lines = (await daemon.ok('logs', 'loud')).split('\n');
    assert.equal(Number(last(2)) - Number(lines[0]), lines.length - 1, 'no line is missing in between');
    await daemon.ok('rm', '-f', 'loud');
  });

  it('a follower loses nothing to rotation', async () => {
    await daemon.ok(
      'run',
      '-d',
      '-i',
      '--name',
      'rotated',
      '--log-opt',
      'max-size=32k',
      '--log-opt',
      'max-file=2',
      'busybox',
      'sh',
      '-c',
      'read x; for i in 1 2 3 4 5 6 7 8; do seq 1 2000; sleep 0.1; done',
    );
    await using follower = daemon.spawn('logs', '-f', 'rotated');
    await using starter = daemon.spawn('attach', 'rotated');
    starter.write('go\n');
    await daemon.ok('wait', 'rotated');
    assert.equal(await follower.exit(), 0);
    const expected = Array.from({ length: 8 }, () =>
      Array.from({ length: 2000 }, (_, i) => `${i + 1}\n`).join(''),
    ).join('');
    assert.equal(follower.stdout.length, expected.length);
    await daemon.ok('rm', 'rotated');
  });

  it('logs are capped by default', async () => {
    await daemon.ok('create', '--name', 'plain', 'busybox');
    const config = (await daemon.inspect('plain', '.HostConfig.LogConfig')) as { Type: string };
    assert.equal(config.Type, 'json-file');
    await daemon.ok('rm', 'plain');
  });

  it('--log-driver none keeps nothing and says so', async () => {
    const result = await daemon.docker(
      'run',
      '--name',
      'mute',
      '--log-driver',
      'none',
      'busybox',
      'echo',
      'heard',
    );
    assert.equal(result.stdout, 'heard\n');
    const logs = await daemon.docker('logs', 'mute');
    assert.equal(logs.code, 1);
    assert.match(logs.stderr, /configured logging driver does not support reading/);
    await daemon.ok('rm', 'mute');
  });

  it('--log-driver local', async () => {
    await said('local', 'echo kept', '--log-driver', 'local');
    assert.equal(await daemon.ok('logs', 'local'), 'kept');
    await daemon.ok('rm', 'local');
  });

  it('unknown drivers and options are refused', async () => {
    const before = await daemon.ok('ps', '-aq');
    const driver = await daemon.docker('run', '--log-driver', 'nosuch', 'busybox', 'true');
    assert.equal(driver.code, 125);
    assert.match(driver.stderr, /nosuch/);
    const option = await daemon.docker('run', '--log-opt', 'nosuch=1', 'busybox', 'true');
    assert.equal(option.code, 125);
    assert.match(option.stderr, /unknown log opt 'nosuch' for json-file log driver/);
    await eventually('nothing is left', async () => (await daemon.ok('ps', '-aq')) === before);
  });
});
