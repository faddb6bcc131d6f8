import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Daemon } from '../fixtures/daemon.ts';

const daemon = Daemon.forThisFile();

/** What a shell in a container of its own prints. */
const shell = (flags: readonly string[], script: string) =>
  daemon.ok('run', '--rm', ...flags, 'busybox', 'sh', '-c', script);

describe('docker run: the container itself', () => {
  it('prints what the command prints', async () => {
    assert.equal(await daemon.ok('run', '--rm', 'busybox', 'echo', 'hi'), 'hi');
  });

  it('--rm leaves no container, without it it stays', async () => {
    await daemon.ok('run', '--rm', '--name', 'gone', 'busybox', 'true');
    await daemon.ok('run', '--name', 'stays', 'busybox', 'true');
    assert.equal(await daemon.ok('ps', '-a', '--format', '{{.Names}}'), 'stays');
    await daemon.ok('rm', 'stays');
  });

  it('--rm takes the anonymous volumes along and leaves the named', async () => {
    await daemon.ok('run', '--rm', '-v', '/anonymous', '-v', 'named:/named', 'busybox', 'true');
    assert.equal(await daemon.ok('volume', 'ls', '-q'), 'named');
  });

  it('-d answers with the id', async () => {
    const id = await daemon.ok('run', '-d', '--name', 'detached', 'busybox', 'sleep', '60');
    assert.match(id, /^[0-9a-f]{64}$/);
    assert.equal(await daemon.inspect('detached', '.Id'), id);
    assert.equal(await daemon.inspect('detached', '.Name'), '/detached');
    await daemon.ok('rm', '-f', 'detached');
  });

  it('makes up a name of two words', async () => {
    const id = await daemon.ok('create', 'busybox');
    assert.match(String(await daemon.inspect(id, '.Name')), /^\/[a-z]+_[a-z]+\d?$/);
    await daemon.ok('rm', id);
  });

  it('--cidfile holds the id and is never overwritten', async () => {
    const file = join(daemon.root, 'cid');
    const id = await daemon.ok('create', '--cidfile', file, 'busybox');
    assert.equal(readFileSync(file, 'utf8'), id);
    const again = await daemon.docker('create', '--cidfile', file, 'busybox');
    assert.equal(again.code, 1);
    assert.match(again.stderr, /container ID file found/);
    await daemon.ok('rm', id);
  });

  it('--label and --label-file', async () => {
    const file = join(daemon.root, 'labels');
    writeFileSync(file, 'from.file=1\n');
    const id = await daemon.ok(
      'create',
      '--label',
      'a=b=c',
      '--label',
      'bare',
      '--label-file',
      file,
      'busybox',
    );
    assert.deepEqual(await daemon.inspect(id, '.Config.Labels'), { a: 'b=c', bare: '', 'from.file': '1' });
    await daemon.ok('rm', id);
  });

  it('--pull never asks no registry', async () => {
    const result = await daemon.docker('run', '--pull', 'never', 'nowhere:1', 'true');
    assert.equal(result.code, 125);
    assert.match(result.stderr, /No such image: nowhere:1/);
  });

  it('--platform takes the one that is there and no other', async () => {
    assert.equal(await shell(['--platform', 'linux/amd64'], 'echo ok'), 'ok');
    const other = await daemon.docker(
      'run',
      '--pull',
      'never',
      '--platform',
      'linux/s390x',
      'busybox',
      'true',
    );
    assert.equal(other.code, 125);
    assert.match(other.stderr, /platform/);
  });

  it('--runtime', async () => {
    assert.equal(await shell(['--runtime', 'crun'], 'echo crun'), 'crun');
    const unknown = await daemon.docker('run', '--runtime', 'fast', 'busybox', 'true');
    assert.equal(unknown.code, 125);
    assert.match(unknown.stderr, /unknown or invalid runtime name: fast/);
  });
});

describe('docker run: the process', () => {
  it('-e, -e with the value from the client, --env-file', async () => {
    const file = join(daemon.root, 'env');
    writeFileSync(file, '# comment\nFROM_FILE=1 2\n\nTAKEN\n');
    const args = ['run', '--rm', '-e', 'GIVEN=x=y', '-e', 'TAKEN', '-e', 'EMPTY=', '--env-file', file];
    const result = await daemon.run('docker', [...args, 'busybox', 'env'], { env: { TAKEN: 'from client' } });
    const lines = result.stdout.split('\n');
    for (const line of ['GIVEN=x=y', 'TAKEN=from client', 'EMPTY=', 'FROM_FILE=1 2'])
      assert.ok(lines.includes(line), `${line} in:\n${result.stdout}`);
  });

  it('has PATH, HOSTNAME and HOME, and TERM with a terminal only', async () => {
    const env = await shell(['-h', 'boat'], 'env');
    assert.match(env, /^PATH=\/usr\/local\/sbin:\/usr\/local\/bin:\/usr\/sbin:\/usr\/bin:\/sbin:\/bin$/m);
    assert.match(env, /^HOSTNAME=boat$/m);
    assert.match(env, /^HOME=\/root$/m);
    assert.doesNotMatch(env, /^TERM=/m);
    assert.match(await shell(['-t'], 'env'), /^TERM=xterm\r?$/m);
  });

  it('-w, made where it is missing', async () => {
    assert.equal(await shell(['-w', '/made/here'], 'pwd'), '/made/here');
    assert.equal(await shell(['-w', '/etc'], 'ls passwd'), 'passwd');
  });

  it('-u by number and name, with and without a group', async () => {
    const ids = 'echo $(id -u) $(id -g) $(id -G)';
    assert.equal(await shell(['-u', '1234'], ids), '1234 0 0');
    assert.equal(await shell(['-u', '1234:55'], ids), '1234 55 55');
    assert.equal(await shell(['-u', 'www'], ids), '33 33 33');
    assert.equal(await shell(['-u', 'www:nogroup'], ids), '33 65534 65534');
    assert.equal(await shell(['-u', '33'], 'echo $HOME'), '/www');
  });

  it('-u with a name the image does not know', async () => {
    const result = await daemon.docker('run', '--rm', '-u', 'nosuch', 'busybox', 'true');
    assert.equal(result.code, 125);
    assert.match(result.stderr, /unable to find user nosuch: no matching entries in passwd file/);
  });

  it('--group-add', async () => {
    assert.equal(await shell(['-u', '7', '--group-add', 'www', '--group-add', '99'], 'id -G'), '0 33 99');
  });

  it('--entrypoint replaces, empty it resets', async () => {
    assert.equal(await daemon.ok('run', '--rm', '--entrypoint', 'echo', 'busybox', 'a', 'b'), 'a b');
    assert.equal(await daemon.ok('run', '--rm', '--entrypoint', '', 'busybox', 'echo', 'c'), 'c');
  });

  it('--init is process 1 and reaps', async () => {
    assert.match(await shell(['--init'], 'cat /proc/1/cmdline; echo'), /init|catatonit/);
    const zombies = "(sleep 0.01 &); sleep 0.2; cat /proc/[0-9]*/stat | grep -c ') Z '; true";
    assert.equal(await shell(['--init'], zombies), '0');
  });

  it('--ulimit', async () => {
    assert.equal(await shell(['--ulimit', 'nofile=123:456'], 'ulimit -Sn; ulimit -Hn'), '123\n456');
    assert.equal(await shell(['--ulimit', 'core=0'], 'ulimit -c'), '0');
  });

  it('--oom-score-adj', async () => {
    assert.equal(await shell(['--oom-score-adj', '500'], 'cat /proc/self/oom_score_adj'), '500');
  });

  it('passes arguments on byte for byte', async () => {
    const words = ['', ' ', 'ä€😀', '"quoted"', "it's", '$HOME', 'a\nb', '\\'];
    const printed = await daemon.ok('run', '--rm', 'busybox', 'printf', '<%s>', ...words);
    assert.equal(printed, words.map((word) => `<${word}>`).join(''));
  });
});

describe('docker run: what it sees', () => {
  it('-h and --domainname', async () => {
    assert.equal(await shell(['-h', 'boat'], 'hostname; cat /etc/hostname'), 'boat\nboat');
    assert.match(
      await shell(['-h', 'boat', '--domainname', 'sea.example'], 'hostname -f'),
      /^boat\.sea\.example$/,
    );
  });

  it('is named after its id by default', async () => {
    const id = await daemon.ok('create', 'busybox', 'hostname');
    assert.equal(await daemon.ok('start', '-a', id), id.slice(0, 12));
    await daemon.ok('rm', id);
  });

  it('--uts host', async () => {
    assert.equal(await shell(['--uts', 'host'], 'hostname'), hostname());
  });

  it('--pid host and --pid container:x', async () => {
    assert.equal(await shell([], 'echo $$'), '1');
    assert.equal(
      await shell(['--pid', 'host'], `tr '\\0' ' ' </proc/${daemon.pid}/cmdline | grep -c -e --data-root`),
      '1',
    );
    await daemon.ok('run', '-d', '--name', 'owner', 'busybox', 'sleep', '4321');
    assert.match(await shell(['--pid', 'container:owner'], 'ps'), /sleep 4321/);
    await daemon.ok('rm', '-f', 'owner');
  });

  it('--ipc shareable, container:x, host and private', async () => {
    const namespace = 'readlink /proc/self/ns/ipc';
    await daemon.ok(
      'run',
      '-d',
      '--ipc',
      'shareable',
      '--name',
      'sharer',
      'busybox',
      'sh',
      '-c',
      'echo told >/dev/shm/note; exec sleep 60',
    );
    assert.equal(
      await shell(['--ipc', 'container:sharer'], namespace),
      await daemon.ok('exec', 'sharer', 'readlink', '/proc/self/ns/ipc'),
    );
    assert.equal(await shell(['--ipc', 'container:sharer'], 'cat /dev/shm/note'), 'told');
    assert.notEqual(await shell(['--ipc', 'private'], namespace), await shell(['--ipc', 'host'], namespace));
    await daemon.ok('rm', '-f', 'sharer');
    await daemon.ok('run', '-d', '--name', 'keeps', 'busybox', 'sleep', '60');
    const refused = await daemon.docker('run', '--rm', '--ipc', 'container:keeps', 'busybox', 'true');
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /non-shareable IPC/);
    await daemon.ok('rm', '-f', 'keeps');
  });

  it('--userns=host', async () => {
    assert.equal(await shell(['--userns', 'host'], 'cat /proc/self/uid_map | tr -s " "'), '0 0 4294967295');
  });

  it('--shm-size', async () => {
    assert.match(await shell([], 'grep /dev/shm /proc/mounts'), /size=65536k/);
    assert.match(await shell(['--shm-size', '8m'], 'grep /dev/shm /proc/mounts'), /size=8192k/);
  });

  it('--sysctl', async () => {
    const flags = ['--sysctl', 'kernel.msgmax=4096', '--sysctl', 'net.ipv4.ip_local_port_range=20000 30000'];
    const script = 'cat /proc/sys/kernel/msgmax; cat /proc/sys/net/ipv4/ip_local_port_range';
    assert.equal(await shell(flags, script), '4096\n20000\t30000');
  });

  it('--read-only, with a tmpfs to write to', async () => {
    const flags = ['--read-only', '--tmpfs', '/work:size=1m,mode=1700'];
    const script = 'touch /x 2>&1; touch /work/y && stat -c %a /work; grep /work /proc/mounts';
    const printed = await shell(flags, script);
    assert.match(printed, /touch: \/x: Read-only file system/);
    assert.match(printed, /^1700$/m);
    assert.match(printed, /^tmpfs \/work tmpfs rw,nosuid,nodev,noexec,relatime,size=1024k,mode=1700/m);
  });

  it('--device with its access, and none without', async () => {
    assert.equal(
      await shell(['--device', '/dev/null:/dev/mine:rw'], 'echo x >/dev/mine && stat -c %t:%T /dev/mine'),
      '1:3',
    );
    const missing = await daemon.docker('run', '--rm', '--device', '/dev/nosuch', 'busybox', 'true');
    // The CLI's own choice, from the words of the message.
    assert.equal(missing.code, 127);
    assert.match(
      missing.stderr,
      /error gathering device information while adding custom device "\/dev\/nosuch": no such file or directory/,
    );
  });

  it('--add-host', async () => {
    const hosts = await shell(
      ['--add-host', 'db:10.9.8.7', '--add-host', 'six:2001:db8::1'],
      'cat /etc/hosts',
    );
    assert.match(hosts, /^10\.9\.8\.7\s+db$/m);
    assert.match(hosts, /^2001:db8::1\s+six$/m);
    assert.match(
      await shell(['--add-host', 'up:host-gateway'], 'cat /etc/hosts'),
      /^\d+\.\d+\.\d+\.\d+\s+up$/m,
    );
  });
});

describe('docker create and start', () => {
  it('start -a follows a container made before', async () => {
    await daemon.ok('create', '--name', 'made', 'busybox', 'sh', '-c', 'echo out; echo err >&2; exit 3');
    assert.equal(await daemon.inspect('made', '.State.Status'), 'created');
    const result = await daemon.docker('start', '-a', 'made');
    assert.deepEqual(result, { code: 3, stdout: 'out\n', stderr: 'err\n' });
    await daemon.ok('rm', 'made');
  });

  it('start -ai hands the input on', async () => {
    await daemon.ok('create', '-i', '--name', 'reader', 'busybox', 'cat');
    assert.equal(await daemon.okWith('some input', 'start', '-ai', 'reader'), 'some input');
    await daemon.ok('rm', 'reader');
  });

  it('starts several and tells which it cannot', async () => {
    await daemon.ok('create', '--name', 'one', 'busybox', 'sleep', '60');
    await daemon.ok('create', '--name', 'two', 'busybox', 'sleep', '60');
    const result = await daemon.docker('start', 'one', 'nosuch', 'two');
    assert.equal(result.code, 1);
    assert.equal(result.stdout, 'one\ntwo\n');
    assert.match(result.stderr, /No such container: nosuch/);
    await daemon.ok('rm', '-f', 'one', 'two');
  });

  it('starting what runs already changes nothing', async () => {
    await daemon.ok('run', '-d', '--name', 'runs', 'busybox', 'sleep', '60');
    const pid = await daemon.inspect('runs', '.State.Pid');
    await daemon.ok('start', 'runs');
    assert.equal(await daemon.inspect('runs', '.State.Pid'), pid);
    await daemon.ok('rm', '-f', 'runs');
  });
});
