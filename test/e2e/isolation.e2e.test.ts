import assert from 'node:assert/strict';
import { existsSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Daemon } from '../fixtures/daemon.ts';

const daemon = Daemon.forThisFile();

const shell = (flags: readonly string[], script: string) =>
  daemon.docker('run', '--rm', ...flags, 'busybox', 'sh', '-c', script);
const printed = async (flags: readonly string[], script: string) => {
  const result = await shell(flags, script);
  assert.equal(result.code, 0, result.stderr);
  return result.stdout.trim();
};
const effective = async (...flags: readonly string[]) =>
  BigInt(`0x${(await printed(flags, 'grep CapEff /proc/self/status')).split('\t')[1]}`);
const NAMES = {
  chown: 0,
  kill: 5,
  netBindService: 10,
  netAdmin: 12,
  netRaw: 13,
  sysAdmin: 21,
  sysTime: 25,
  mknod: 27,
};
const has = (set: bigint, capability: keyof typeof NAMES) => (set & (1n << BigInt(NAMES[capability]))) !== 0n;

describe('namespaces', () => {
  for (const name of ['pid', 'net', 'ipc', 'uts', 'mnt', 'cgroup'])
    it(`${name} is its own`, async () => {
      const own = await printed([], `readlink /proc/self/ns/${name}`);
      assert.match(own, new RegExp(`^${name}:\\[\\d+\\]$`));
      assert.notEqual(own, readlinkSync(`/proc/self/ns/${name}`));
    });

  it('shared ones are the host’s', async () => {
    for (const [flag, name] of [
      ['--pid', 'pid'],
      ['--network', 'net'],
      ['--ipc', 'ipc'],
      ['--uts', 'uts'],
      ['--cgroupns', 'cgroup'],
    ] as const)
      assert.equal(
        await printed([flag, 'host'], `readlink /proc/self/ns/${name}`),
        readlinkSync(`/proc/${daemon.pid}/ns/${name}`),
        flag,
      );
  });

  it('sees its own processes only', async () => {
    assert.equal(await printed([], 'ls /proc | grep -c "^[0-9]"'), '3');
  });

  it('sees its own mounts only', async () => {
    const mounts = await printed([], 'cat /proc/self/mountinfo');
    assert.ok(!mounts.split('\n').some((line) => line.split(' ')[4]?.includes(daemon.root)));
  });

  it('a mount inside does not leave it', async () => {
    await printed(
      ['--privileged'],
      'mount -t tmpfs leak /mnt 2>/dev/null || { mkdir -p /mnt; mount -t tmpfs leak-berth-e2e /mnt; }',
    );
    assert.doesNotMatch(readFileSync('/proc/self/mountinfo', 'utf8'), /leak-berth-e2e/);
  });
});

describe('capabilities', () => {
  it('are Docker’s fourteen', async () => {
    assert.equal((await effective()).toString(16), 'a80425fb');
    const bounding = await printed([], 'grep CapBnd /proc/self/status');
    assert.match(bounding, /00000000a80425fb$/);
  });

  it('--cap-drop and --cap-add', async () => {
    const changed = await effective(
      '--cap-drop',
      'CHOWN',
      '--cap-add',
      'NET_ADMIN',
      '--cap-add',
      'CAP_SYS_TIME',
    );
    assert.deepEqual(
      [has(changed, 'chown'), has(changed, 'netAdmin'), has(changed, 'sysTime'), has(changed, 'kill')],
      [false, true, true, true],
    );
    assert.equal(await effective('--cap-drop', 'ALL'), 0n);
    const one = await effective('--cap-drop', 'all', '--cap-add', 'net_bind_service');
    assert.equal(one, 1n << BigInt(NAMES.netBindService));
    assert.match((await shell(['--cap-add', 'NOSUCH'], 'true')).stderr, /unknown capability: "CAP_NOSUCH"/i);
  });

  it('work: without NET_ADMIN no interface, without CHOWN no chown', async () => {
    assert.notEqual((await shell([], 'ip link set lo down')).code, 0);
    assert.equal((await shell(['--cap-add', 'NET_ADMIN'], 'ip link set lo down')).code, 0);
    assert.match(
      (await shell(['--cap-drop', 'CHOWN'], 'touch /x && chown 1 /x')).stderr,
      /Operation not permitted/,
    );
  });

  it('of a user that is not root there are none', async () => {
    assert.equal(await effective('-u', '1000'), 0n);
  });

  it('--privileged has all that the host has, and the devices', async () => {
    const host = BigInt(`0x${/CapEff:\t(\w+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]}`);
    assert.equal(await effective('--privileged'), host);
    assert.equal(await printed(['--privileged'], 'grep Seccomp: /proc/self/status'), 'Seccomp:\t0');
    if (existsSync('/dev/fuse')) assert.equal(await printed(['--privileged'], 'ls /dev/fuse'), '/dev/fuse');
    assert.equal(
      await printed(['--privileged'], 'touch /proc/sys/kernel/core_pattern && echo writable'),
      'writable',
    );
  });
});

describe('seccomp', () => {
  it('the default profile filters', async () => {
    assert.equal(await printed([], 'grep Seccomp: /proc/self/status'), 'Seccomp:\t2');
    // Not for want of a capability: the profile itself refuses a new user namespace.
    assert.match((await shell([], 'unshare -U true')).stderr, /Operation not permitted/);
    assert.equal((await shell(['--security-opt', 'seccomp=unconfined'], 'unshare -U true')).code, 0);
  });

  it('unconfined', async () => {
    assert.equal(
      await printed(['--security-opt', 'seccomp=unconfined'], 'grep Seccomp: /proc/self/status'),
      'Seccomp:\t0',
    );
  });

  it('a profile of the user’s', async () => {
    const file = join(daemon.root, 'profile.json');
    writeFileSync(
      file,
      JSON.stringify({
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }],
      }),
    );
    const result = await shell(['--security-opt', `seccomp=${file}`], 'mkdir /x; echo after');
    assert.match(result.stderr, /can't create directory '\/x': Operation not permitted/);
    assert.equal(result.stdout, 'after\n');
  });

  it('a broken profile is refused', async () => {
    const file = join(daemon.root, 'broken.json');
    writeFileSync(file, '{"defaultAction": "SCMP_ACT_SING"}');
    const result = await shell(['--security-opt', `seccomp=${file}`], 'true');
    assert.equal(result.code, 125);
    assert.match(result.stderr, /SCMP_ACT_SING/);
    assert.equal(await daemon.ok('ps', '-aq'), '');
  });
});

describe('security options', () => {
  it('no-new-privileges', async () => {
    assert.equal(await printed([], 'grep NoNewPrivs /proc/self/status'), 'NoNewPrivs:\t0');
    assert.equal(
      await printed(['--security-opt', 'no-new-privileges'], 'grep NoNewPrivs /proc/self/status'),
      'NoNewPrivs:\t1',
    );
    assert.equal(
      await printed(['--security-opt', 'no-new-privileges=false'], 'grep NoNewPrivs /proc/self/status'),
      'NoNewPrivs:\t0',
    );
  });

  it('apparmor=unconfined is always possible, a profile is ignored where the host has none', async () => {
    assert.equal((await shell(['--security-opt', 'apparmor=unconfined'], 'true')).code, 0);
    if (existsSync('/sys/kernel/security/apparmor')) return;
    // As Docker does where there is none to load it into.
    assert.equal((await shell(['--security-opt', 'apparmor=docker-default'], 'true')).code, 0);
  });

  it('unknown ones are refused', async () => {
    const result = await shell(['--security-opt', 'nosuch=1'], 'true');
    assert.equal(result.code, 125);
    assert.match(result.stderr, /invalid --security-opt/);
  });
});

describe('paths', () => {
  it('masked', async () => {
    assert.equal(await printed([], 'cat /proc/kcore /proc/keys /proc/timer_list 2>/dev/null | wc -c'), '0');
    assert.equal(
      await printed([], 'ls /proc/scsi /sys/firmware /proc/acpi 2>/dev/null | grep -v : | grep -c .; true'),
      '0',
    );
  });

  it('read-only', async () => {
    for (const path of [
      '/proc/sys/kernel/hostname',
      '/proc/sysrq-trigger',
      '/proc/irq/default_smp_affinity',
      '/sys/kernel/uevent_helper',
    ]) {
      const result = await shell([], `[ -e ${path} ] && echo x >${path}`);
      assert.notEqual(result.code, 0, path);
    }
    const mounts = await printed([], 'cat /proc/mounts');
    assert.match(mounts, /^proc \/proc\/sys proc ro,/m);
    assert.match(mounts, /^sysfs \/sys sysfs ro,/m);
  });

  it('--security-opt systempaths=unconfined shows them', async () => {
    const mounts = await printed(['--security-opt', 'systempaths=unconfined'], 'cat /proc/mounts');
    assert.doesNotMatch(mounts, / \/proc\/(sys|kcore|keys) /);
  });

  it('the cgroups are read-only and its own', async () => {
    const result = await shell(
      [],
      'cat /proc/self/cgroup; grep cgroup /proc/mounts; mkdir /sys/fs/cgroup/x /sys/fs/cgroup/memory/x',
    );
    assert.notEqual(result.code, 0);
    for (const line of result.stdout.split('\n').filter((line) => /^\d+:/.test(line)))
      assert.match(line, /:\/$/);
  });
});

describe('devices', () => {
  it('are the few of every container', async () => {
    const names = await printed([], 'cd /dev; ls');
    const expected = [
      'fd',
      'full',
      'mqueue',
      'null',
      'ptmx',
      'pts',
      'random',
      'shm',
      'stderr',
      'stdin',
      'stdout',
      'tty',
      'urandom',
      'zero',
    ];
    assert.deepEqual(
      names
        .split('\n')
        .filter((name) => name !== 'core')
        .toSorted(),
      expected,
    );
  });

  it('work', async () => {
    assert.equal(
      await printed(
        [],
        'echo x >/dev/null; head -c 3 /dev/zero | od -An -tx1; head -c 4 /dev/urandom | wc -c',
      ),
      '00 00 00\n4',
    );
  });

  it('block devices of the host cannot be made and read', async () => {
    const result = await shell([], 'mknod /tmp/disk b 254 0 && head -c 1 /tmp/disk');
    assert.match(result.stderr, /Operation not permitted/);
  });
});

describe('limits of a container on another', () => {
  it('one cannot signal or see the other', async () => {
    await daemon.ok('run', '-d', '--name', 'victim', 'busybox', 'sleep', '4710');
    const pid = String(await daemon.inspect('victim', '.State.Pid'));
    assert.notEqual((await shell([], `kill -0 ${pid}`)).code, 0);
    assert.equal(await printed([], 'ps | grep -c "[s]leep 4710"; true'), '0');
    await daemon.ok('rm', '-f', 'victim');
  });

  it('files of one are not in the other', async () => {
    await printed([], 'echo secret >/root/secret');
    assert.notEqual((await shell([], 'cat /root/secret')).code, 0);
  });
});
