import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { Daemon, eventually, type Result } from '../fixtures/daemon.ts';

const PROFILES = '/sys/kernel/security/apparmor/profiles';
const NAMED = 'berth-test-reader';
const profile = `profile ${NAMED} flags=(attach_disconnected) {
  file,
  network,
  capability,
  signal,
  deny /forbidden rw,
}`;

const loaded = (name: string) => readFileSync(PROFILES, 'utf8').includes(`${name} (enforce)\n`);
const parse = (text: string, ...flags: readonly string[]) =>
  execFileSync('apparmor_parser', flags, { input: text });

describe('AppArmor', { skip: !existsSync(PROFILES) && 'this kernel has none' }, () => {
  const daemon = Daemon.forThisFile();
  after(() => parse(profile, '--remove'));

  const label = (...flags: readonly string[]) =>
    daemon.ok('run', '--rm', ...flags, 'busybox', 'cat', '/proc/self/attr/current');
  const shell = (script: string, ...flags: readonly string[]): Promise<Result> =>
    daemon.docker('run', '--rm', ...flags, 'busybox', 'sh', '-c', script);

  it('info names it', async () => {
    assert.match(await daemon.ok('info', '-f', '{{.SecurityOptions}}'), /name=apparmor/);
  });

  it('containers get the default profile', async () => {
    assert.ok(loaded('docker-default'));
    assert.equal(await label(), 'docker-default (enforce)');
    assert.equal(await label('--security-opt', 'apparmor=docker-default'), 'docker-default (enforce)');
    await daemon.ok('run', '-d', '--name', 'default', 'busybox', 'sleep', '1000');
    assert.equal(await daemon.inspect('default', '.AppArmorProfile'), 'docker-default');
    for (const flags of [[], ['--privileged'], ['-t']]) {
      const command = ['exec', ...flags, 'default', 'cat', '/proc/self/attr/current'];
      assert.equal(await daemon.ok(...command), 'docker-default (enforce)', flags.join());
    }
    await daemon.ok('stop', '-t', '1', 'default');
    await daemon.ok('rm', 'default');
  });

  it('runc applies it too', async () => {
    assert.equal(await label('--runtime', 'runc'), 'docker-default (enforce)');
  });

  it('privileged ones and those that ask for none get none', async () => {
    assert.equal(await label('--privileged'), 'unconfined');
    assert.equal(await label('--security-opt', 'apparmor=unconfined'), 'unconfined');
    await daemon.ok('create', '--name', 'open', '--privileged', 'busybox');
    assert.equal(await daemon.inspect('open', '.AppArmorProfile'), 'unconfined');
    await daemon.ok('rm', 'open');
  });

  it('the default keeps a container with capabilities from the host’s kernel', async () => {
    const open = [
      '--cap-add',
      'SYS_ADMIN',
      '--security-opt',
      'systempaths=unconfined',
      '--security-opt',
      'seccomp=unconfined',
    ];
    const mount = 'mount -t tmpfs none /mnt 2>&1; mkdir -p /m; mount -t tmpfs none /m';
    const denied = await shell(mount, ...open);
    assert.notEqual(denied.code, 0);
    assert.match(denied.stderr + denied.stdout, /[Pp]ermission denied/);
    assert.equal(
      (await shell('mkdir /m && mount -t tmpfs none /m', ...open, '--security-opt', 'apparmor=unconfined'))
        .code,
      0,
    );

    const write = (path: string) => `v=$(cat ${path}) && echo "$v" >${path}`;
    for (const path of ['/proc/sys/kernel/panic', '/proc/sys/vm/swappiness', '/proc/sys/fs/file-max']) {
      assert.match((await shell(write(path), ...open)).stderr, /can't create .*Permission denied/, path);
      assert.equal(
        (await shell(write(path), ...open, '--security-opt', 'apparmor=unconfined')).code,
        0,
        path,
      );
    }
    assert.match((await shell('head -c 1 /proc/kcore', ...open)).stderr, /Permission denied/);
  });

  it('the default is in nobody’s way', async () => {
    const script = `set -e
      echo x >/tmp/file; ln /tmp/file /tmp/link; mknod /tmp/fifo p; chown 1:1 /tmp/file; rm /tmp/link
      sleep 100 & kill $!
      ping -c 1 127.0.0.1 >/dev/null
      nc -l -p 99 -e cat & usleep 300000; echo hello | nc 127.0.0.1 99 | grep -q hello
      cat /proc/1/status /proc/meminfo /proc/sys/kernel/osrelease /sys/class/net/lo/address >/dev/null
      echo fine`;
    const result = await shell(script, '--init', '--tmpfs', '/scratch');
    assert.equal(result.stdout.trim(), 'fine', result.stderr);
  });

  it('a profile of the user’s', async () => {
    const unknown = await shell('true', '--security-opt', `apparmor=${NAMED}`);
    assert.equal(unknown.code, 125);
    assert.match(unknown.stderr, /AppArmor profile "berth-test-reader" is not loaded/);
    parse(profile, '--add', '--skip-cache');
    assert.equal(await label('--security-opt', `apparmor=${NAMED}`), `${NAMED} (enforce)`);
    const result = await shell(
      'echo x >/allowed && echo x >/forbidden',
      '--security-opt',
      `apparmor=${NAMED}`,
    );
    assert.match(result.stderr, /can't create \/forbidden: Permission denied/);
    await daemon.ok('create', '--name', 'named', '--security-opt', `apparmor=${NAMED}`, 'busybox');
    assert.equal(await daemon.inspect('named', '.AppArmorProfile'), NAMED);
    await daemon.ok('rm', 'named');
  });

  it('a default profile that somebody unloaded is loaded again', async () => {
    await eventually('nobody uses it', () => {
      parse('profile docker-default {}', '--remove');
      return !loaded('docker-default');
    });
    assert.equal(await label(), 'docker-default (enforce)');
  });
});
