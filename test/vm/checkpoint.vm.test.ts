import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { Daemon, eventually } from '../fixtures/daemon.ts';

/** Whether CRIU can do anything with this kernel: it asks for many rare things. */
const criuWorks = (() => {
  try {
    execFileSync('criu', ['check'], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
})();

describe('checkpoints', { skip: !criuWorks && 'CRIU does not work on this kernel' }, () => {
  const daemon = Daemon.forThisFile({ flags: ['--experimental'] });
  const elsewhere = mkdtempSync('/tmp/checkpoints-');
  after(() => rmSync(elsewhere, { recursive: true }));

  const counter = 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.2; done';
  const run = (name: string, ...flags: readonly string[]) =>
    daemon.ok('run', '-d', '--name', name, ...flags, 'busybox', 'sh', '-c', counter);
  const status = (name: string) => daemon.inspect(name, '.State.Status');
  const counted = async (name: string) => (await daemon.ok('logs', name)).split('\n').map(Number);
  const countsOn = async (name: string) => {
    const before = (await counted(name)).length;
    await eventually(`${name} counts on`, async () => (await counted(name)).length > before + 2, 30_000);
  };

  it('a container goes on from where it was', async () => {
    await run(
      'counter',
      '--runtime',
      'runc',
      '-m',
      '64m',
      '-p',
      '18080:80',
      '-e',
      'X=y',
      '--restart',
      'always',
    );
    await countsOn('counter');
    assert.equal(await daemon.ok('checkpoint', 'create', 'counter', 'first'), 'first');
    assert.equal(await status('counter'), 'exited');
    const before = await counted('counter');
    await daemon.ok('start', '--checkpoint', 'first', 'counter');
    assert.equal(await status('counter'), 'running');
    await countsOn('counter');
    const after = await counted('counter');
    assert.deepEqual(
      after,
      after.map((_, index) => index + 1),
      'each number once',
    );
    assert.ok(after.length > before.length);
    // What is around it is there again, too.
    assert.equal(
      await daemon.ok('exec', 'counter', 'sh', '-c', 'tr "\\0" "\\n" </proc/1/environ | grep ^X'),
      'X=y',
    );
    assert.match(await daemon.ok('exec', 'counter', 'ip', 'addr', 'show', 'eth0'), /inet \d/);
    assert.match(
      await daemon.ok('stats', '--no-stream', '--format', '{{.MemUsage}}', 'counter'),
      / \/ 64MiB$/,
    );
  });

  it('a restored one is found again after kill -9', async () => {
    await daemon.kill9();
    await daemon.start();
    assert.equal(await status('counter'), 'running');
    await countsOn('counter');
    await daemon.ok('rm', '-f', 'counter');
  });

  it('one may be taken while the container goes on, and elsewhere; from one it starts as often as one likes', async () => {
    await run('lively', '--runtime', 'runc');
    await countsOn('lively');
    await daemon.ok('checkpoint', 'create', '--leave-running', 'lively', 'one');
    assert.equal(await status('lively'), 'running');
    await countsOn('lively');
    await daemon.ok(
      'checkpoint',
      'create',
      '--leave-running',
      '--checkpoint-dir',
      elsewhere,
      'lively',
      'two',
    );
    assert.equal(await daemon.ok('checkpoint', 'ls', 'lively'), 'CHECKPOINT NAME\none');
    assert.equal(
      await daemon.ok('checkpoint', 'ls', '--checkpoint-dir', elsewhere, 'lively'),
      'CHECKPOINT NAME\ntwo',
    );
    for (const flags of [
      ['--checkpoint', 'one'],
      ['--checkpoint', 'two', '--checkpoint-dir', elsewhere],
    ]) {
      await daemon.ok('kill', 'lively');
      await daemon.ok('wait', 'lively');
      await daemon.ok('start', ...flags, 'lively');
      await countsOn('lively');
    }
    assert.equal((await daemon.berth('checkpoint', 'ls', 'lively')).stdout, 'CHECKPOINT NAME\none\n');
    await daemon.ok('checkpoint', 'rm', 'lively', 'one');
    await daemon.ok('checkpoint', 'rm', '--checkpoint-dir', elsewhere, 'lively', 'two');
    assert.deepEqual(readdirSync(elsewhere), []);
    await daemon.ok('rm', '-f', 'lively');
  });

  it('what cannot be is refused, and the container goes on', async () => {
    await run('fixed');
    const refused = async (expected: RegExp, command: string) => {
      const result = await daemon.docker(...command.split(' '));
      assert.equal(result.code, 1, command);
      assert.match(result.stderr, expected);
    };
    await refused(/not supported by this build of .* crun.*--runtime runc/, 'checkpoint create fixed c1');
    assert.equal(await status('fixed'), 'running');
    await daemon.ok('rm', '-f', 'fixed');

    await run('here', '--runtime', 'runc');
    await daemon.ok('checkpoint', 'create', '--leave-running', 'here', 'c1');
    await refused(/with name c1 already exists for container here/, 'checkpoint create here c1');
    await refused(/Invalid checkpoint ID \(\.\.\/x\)/, 'checkpoint create here ../x');
    await refused(/checkpoint c2 does not exist for container here/, 'checkpoint rm here c2');
    await daemon.ok('kill', 'here');
    await refused(/is not running/, 'checkpoint create here c2');
    await refused(/checkpoint c2 does not exist for container here/, 'start --checkpoint c2 here');
    await daemon.ok('rm', 'here');

    await daemon.ok('run', '-dt', '--name', 'terminal', '--runtime', 'runc', 'busybox', 'sleep', '1000');
    await refused(/with a terminal are not supported/, 'checkpoint create terminal c1');
    await daemon.ok('rm', '-f', 'terminal');
  });

  it('what CRIU cannot write down is named, and leaves no checkpoint', async () => {
    const connected = 'nc -l -p 99 -e sleep 1000 & sleep 1; sleep 1000 | nc 127.0.0.1 99';
    await daemon.ok('run', '-d', '--name', 'talking', '--runtime', 'runc', 'busybox', 'sh', '-c', connected);
    await eventually(
      'it is connected',
      async () => (await daemon.ok('exec', 'talking', 'netstat', '-t')).includes('ESTABLISHED'),
      30_000,
    );
    const result = await daemon.docker('checkpoint', 'create', 'talking', 'c1');
    assert.equal(result.code, 1);
    assert.match(result.stderr, /checkpoint failed: runc: .*[Cc]onnected TCP socket/s);
    assert.equal(await status('talking'), 'running');
    assert.equal(await daemon.ok('checkpoint', 'ls', 'talking'), 'CHECKPOINT NAME');
    await daemon.ok('exec', 'talking', 'true');
    await daemon.ok('rm', '-f', 'talking');
  });
});
