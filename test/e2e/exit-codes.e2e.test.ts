import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Daemon, eventually } from '../fixtures/daemon.ts';

const daemon = Daemon.forThisFile();

const run = (...args: readonly string[]) => daemon.docker('run', '--rm', ...args);

describe('exit codes of docker run', () => {
  for (const code of [0, 1, 2, 42, 125, 255])
    it(`${code} of the command is ${code} of the CLI`, async () => {
      assert.equal((await run('busybox', 'sh', '-c', `exit ${code}`)).code, code);
    });

  for (const [signal, code] of [
    ['KILL', 137],
    ['TERM', 143],
    ['SEGV', 139],
    ['HUP', 129],
  ] as const)
    it(`${code} for a process that SIG${signal} ends`, async () => {
      // As process 1 it would be immune to its own signals.
      assert.equal((await run('--init', 'busybox', 'sh', '-c', `kill -${signal} $$`)).code, code);
    });

  it('125 for what the daemon refuses', async () => {
    const result = await run('--cpus', '1000', 'busybox', 'true');
    assert.equal(result.code, 125);
    assert.match(result.stderr, /^docker: Error response from daemon: .*CPUs/m);
  });

  it('126 for what cannot be executed', async () => {
    const file = await run('busybox', '/etc/passwd');
    assert.equal(file.code, 126);
    assert.match(file.stderr, /exec: "\/etc\/passwd": permission denied/);
    const directory = await run('busybox', '/etc');
    assert.equal(directory.code, 126);
  });

  it('127 for what is not there', async () => {
    const name = await run('busybox', 'nosuch');
    assert.equal(name.code, 127);
    assert.match(name.stderr, /exec: "nosuch": executable file not found in \$PATH/);
    const path = await run('busybox', '/bin/nosuch');
    assert.equal(path.code, 127);
    assert.match(path.stderr, /\/bin\/nosuch/);
    const nothing = await run('busybox', '');
    assert.equal(nothing.code, 127);
    assert.match(nothing.stderr, /exec: "": executable file not found in \$PATH/);
  });

  it('the same under --init, which says so itself', async () => {
    for (const [command, code, reason] of [
      ['nosuch', 127, 'No such file or directory'],
      ['/etc/passwd', 126, 'Permission denied'],
    ] as const) {
      const result = await run('--init', 'busybox', command);
      assert.equal(result.code, code);
      assert.match(result.stderr, new RegExp(`exec ${command} failed: ${reason}`));
    }
  });

  it('a start that failed leaves the container, its code and its cause on record', async () => {
    const result = await daemon.docker('run', '--name', 'broken', 'busybox', 'nosuch');
    assert.equal(result.code, 127);
    assert.equal(await daemon.inspect('broken', '.State.Status'), 'created');
    assert.equal(await daemon.inspect('broken', '.State.ExitCode'), 127);
    assert.match(String(await daemon.inspect('broken', '.State.Error')), /nosuch/);
    await daemon.ok('rm', 'broken');
  });

  it('a start that failed can be tried again', async () => {
    await daemon.ok('create', '--name', 'later', '-v', 'tools:/tools', 'busybox', '/tools/tool');
    assert.equal((await daemon.docker('start', 'later')).code, 1);
    await daemon.ok(
      'run',
      '--rm',
      '-v',
      'tools:/tools',
      'busybox',
      'sh',
      '-c',
      'cp /bin/busybox /tools/true; printf "#!/bin/sh\\nexit 4\\n" >/tools/tool; chmod +x /tools/tool',
    );
    assert.equal((await daemon.docker('start', '-a', 'later')).code, 4);
    await daemon.ok('rm', 'later');
  });
});

describe('exit codes of docker exec', () => {
  it('are those of the command, 126 and 127', async () => {
    await daemon.ok('run', '-d', '--name', 'host', 'busybox', 'sleep', '60');
    assert.equal((await daemon.docker('exec', 'host', 'sh', '-c', 'exit 9')).code, 9);
    assert.equal((await daemon.docker('exec', 'host', 'sh', '-c', 'kill -9 $$')).code, 137);
    assert.equal((await daemon.docker('exec', 'host', '/etc/passwd')).code, 126);
    const missing = await daemon.docker('exec', 'host', 'nosuch');
    assert.equal(missing.code, 127);
    assert.match(missing.stdout + missing.stderr, /exec: "nosuch": executable file not found in \$PATH/);
    await daemon.ok('rm', '-f', 'host');
  });

  it('1 for a container that does not run', async () => {
    await daemon.ok('create', '--name', 'idle', 'busybox');
    const result = await daemon.docker('exec', 'idle', 'true');
    assert.equal(result.code, 1);
    assert.match(result.stderr, /container [0-9a-f]{64} is not running/);
    await daemon.ok('rm', 'idle');
  });
});

describe('exit codes on record', () => {
  it('docker wait prints them, in the order asked', async () => {
    await daemon.ok('run', '-d', '--name', 'five', 'busybox', 'sh', '-c', 'exit 5');
    await daemon.ok('run', '-d', '--name', 'six', 'busybox', 'sh', '-c', 'exit 6');
    assert.equal(await daemon.ok('wait', 'six', 'five'), '6\n5');
    assert.equal(await daemon.ok('wait', 'five'), '5');
    await daemon.ok('rm', 'five', 'six');
  });

  it('ps -a tells them', async () => {
    await daemon.docker('run', '--name', 'seven', 'busybox', 'sh', '-c', 'exit 7');
    assert.match(await daemon.ok('ps', '-a', '--format', '{{.Status}}'), /^Exited \(7\) /);
    await daemon.ok('rm', 'seven');
  });

  it('an OOM kill is 137 and told as such', async () => {
    const result = await daemon.docker(
      'run',
      '--name',
      'fat',
      '-m',
      '16m',
      '--memory-swap',
      '16m',
      'busybox',
      'sh',
      '-c',
      'tail /dev/zero',
    );
    assert.equal(result.code, 137);
    await eventually('OOMKilled', async () => (await daemon.inspect('fat', '.State.OOMKilled')) === true);
    await daemon.ok('rm', 'fat');
  });
});
