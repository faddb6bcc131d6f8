import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { makeAccount } from '../fixtures/account.ts';
import { Daemon, eventually } from '../fixtures/daemon.ts';

const account = makeAccount();
after(() => account[Symbol.dispose]());
const remapped = ['--userns-remap', account.name];
const daemon = Daemon.forThisFile({ flags: remapped }, async (daemon) => {
  const script =
    'mkdir -p /content/deep; echo original >/content/file; chown -R 33:34 /content; chmod 750 /content';
  await daemon.ok('run', '--name', 'maker', 'busybox', 'sh', '-c', script);
  await daemon.ok('commit', '-c', 'CMD ["sh"]', 'maker', 'contentful');
  await daemon.ok('rm', 'maker');
});

const shell = (flags: readonly string[], script: string, image = 'busybox') =>
  daemon.ok('run', '--rm', ...flags, image, 'sh', '-c', script);
const start = async (flags: readonly string[], script = 'sleep 1000', image = 'busybox') =>
  daemon.ok('run', '-d', ...flags, image, 'sh', '-c', script);
const remove = (...names: string[]) => daemon.ok('rm', '-f', '-v', ...names);
const refused = async (flags: readonly string[], reason: RegExp) => {
  const { code, stderr } = await daemon.docker('run', '--rm', ...flags, 'busybox', 'true');
  assert.equal(code, 125);
  assert.match(stderr, reason);
};
const directory = (name: string) => {
  const path = join(daemon.root, name);
  mkdirSync(path, { recursive: true });
  return path;
};
const owner = (path: string) => {
  const { uid, gid } = lstatSync(path);
  return `${uid}:${gid}`;
};
const host = (uid: number, gid: number) => `${account.firstUid + uid}:${account.firstGid + gid}`;
const pidOf = async (name: string) => Number(await daemon.inspect(name, '.State.Pid'));
/** Owners as the container sees them. */
const owners = (name: string, ...paths: string[]) => daemon.ok('exec', name, 'stat', '-c', '%u:%g', ...paths);

describe('userns-remap', () => {
  it('root of a container is nobody on the host, and all is his inside', async () => {
    const name = await start(['--tmpfs', '/t', '--hostname', 'h', '-v', '/content']);
    const pid = await pidOf(name);
    assert.equal(owner(`/proc/${pid}`), host(0, 0));
    assert.equal(
      (await daemon.ok('exec', name, 'tr', '-s', ' ')).trim(),
      '',
      'an exec without input is at its end',
    );
    assert.equal(
      await daemon.ok(
        'exec',
        name,
        'sh',
        '-c',
        'tr -s " " </proc/self/uid_map; tr -s " " </proc/self/gid_map; id -u',
      ),
      `0 ${account.firstUid} 65536\n 0 ${account.firstGid} 65536\n0`,
    );
    const places = [
      '/',
      '/etc',
      '/etc/hosts',
      '/etc/hostname',
      '/etc/resolv.conf',
      '/t',
      '/dev',
      '/dev/shm',
      '/content',
    ];
    assert.equal(await owners(name, ...places), places.map(() => '0:0').join('\n'));
    await daemon.ok(
      'exec',
      name,
      'sh',
      '-ec',
      'echo 1.2.3.4 x >>/etc/hosts; touch /root/mine; chown 7:8 /root/mine',
    );
    const upper = String(await daemon.inspect(name, '.GraphDriver.Data.UpperDir'));
    assert.equal(owner(join(upper, 'root/mine')), '7:8', "on disk it is the container's");
    assert.match(await daemon.ok('info', '-f', '{{.SecurityOptions}}'), /name=userns/);
    assert.equal(
      await daemon.ok('exec', '-u', '33', name, 'sh', '-c', 'cat /proc/self/uid_map | wc -l; id -u'),
      '1\n33',
    );
    await remove(name);
  });

  it('its network is its own: ping, low ports, NET_ADMIN, sysctls, published ports', async () => {
    const name = await start(
      ['--cap-add', 'NET_ADMIN', '--sysctl', 'net.ipv4.ip_forward=0', '-p', '127.0.0.1::80'],
      'echo hello >/www/index.html; exec httpd -f -h /www',
    );
    await daemon.ok('exec', name, 'ip', 'addr', 'add', '192.0.2.1/32', 'dev', 'lo');
    await daemon.ok('exec', name, 'ping', '-c1', '-w5', '127.0.0.1');
    assert.equal(await daemon.ok('exec', name, 'cat', '/proc/sys/net/ipv4/ip_forward'), '0');
    const port = (await daemon.ok('port', name, '80')).split(':').at(-1);
    await eventually('an answer', async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
      return (await answer?.text()) === 'hello\n';
    });
    // Its root rules there only.
    const foreign = `nsenter --net=/proc/1/ns/net true`;
    assert.notEqual((await daemon.docker('exec', name, 'sh', '-c', foreign)).code, 0);
    await remove(name);
  });

  it('standard streams can be opened by name, and no device of the host changes hands', async () => {
    const before = statSync('/dev/null');
    assert.equal(await shell([], 'echo out >/dev/stdout; cat </dev/null; cat'), 'out');
    assert.equal(await shell(['-u', '1000'], 'echo out >/dev/stdout; echo x >/dev/null'), 'out');
    await daemon.ok('run', '--rm', '-t', '-u', '1000', 'busybox', 'true');
    const name = await start([]);
    for (const flags of [[], ['-d'], ['-t'], ['-d', '-t']]) {
      await daemon.ok('exec', ...flags, '-u', '1000', name, 'true');
    }
    const result = await daemon.docker('exec', name, 'sh', '-c', 'chmod 0 /dev/null || chown 0 /dev/null');
    assert.notEqual(result.code, 0);
    await remove(name);
    const { uid, gid, mode } = statSync('/dev/null');
    assert.deepEqual([uid, gid, mode], [before.uid, before.gid, before.mode]);
  });

  it("what the host's own namespace has is refused, and had with --userns=host", async () => {
    await refused(['--privileged'], /privileged mode is incompatible with user namespaces/);
    await refused(['--network', 'host'], /cannot share the host's network namespace/);
    await refused(['--pid', 'host'], /cannot share the host's PID namespace/);
    const everything = ['--userns', 'host', '--privileged', '--network', 'host', '--pid', 'host'];
    assert.equal(await shell(everything, 'tr -s " " </proc/self/uid_map'), ' 0 0 4294967295'.trim());
    const name = await start(['--userns', 'host']);
    assert.equal(owner(`/proc/${await pidOf(name)}`), '0:0');
    assert.equal(await daemon.inspect(name, '.HostConfig.UsernsMode'), 'host');
    await refused(['--network', `container:${name}`], /it has another user namespace/);
    await remove(name);
  });

  it('--userns=private: ids that no other container has, as long as there are some', async () => {
    const run = (...flags: string[]) =>
      daemon.berth('run', '-d', '--userns', 'private', ...flags, 'busybox', 'sleep', '1000');
    const none = await run();
    assert.equal(none.code, 125);
    assert.match(
      none.stderr,
      /no free ids for a user namespace of its own: give berth more in \/etc\/subuid/,
    );
    using pool = makeAccount('berth');
    const first = (await run('-v', 'shared:/v')).stdout.trim();
    assert.equal(owner(`/proc/${await pidOf(first)}`), `${pool.firstUid}:${pool.firstGid}`);
    await daemon.ok('exec', first, 'sh', '-c', 'touch /v/f; chown 5:6 /v/f');
    assert.equal(await shell(['-v', 'shared:/v'], 'stat -c %u:%g /v/f'), '5:6');
    assert.match((await run()).stderr, /no free ids/);
    // Who joins it has its ids.
    const joined = await start(['--network', `container:${first}`]);
    assert.equal(owner(`/proc/${await pidOf(joined)}`), `${pool.firstUid}:${pool.firstGid}`);
    await remove(joined, first);
    const second = (await run()).stdout.trim();
    assert.match(second, /^[0-9a-f]{64}$/);
    await remove(second);
    await daemon.ok('volume', 'rm', 'shared');
  });

  it("builds run and copy with the image's owners", async () => {
    const context = directory('context');
    writeFileSync(join(context, 'file'), 'x');
    const dockerfile = [
      'FROM busybox',
      'RUN touch /made && chown 5:6 /made',
      'COPY --chown=7:8 file /file',
      'COPY --from=contentful /content /c',
    ];
    writeFileSync(join(context, 'Dockerfile'), dockerfile.join('\n'));
    await daemon.ok('build', '-q', '-t', 'built', context);
    for (const flags of [[], ['--userns', 'host']]) {
      assert.equal(await shell(flags, 'stat -c %u:%g /made /file /c/file', 'built'), '5:6\n7:8\n33:34');
    }
    await daemon.ok('rmi', 'built');
  });

  it("names, limits and the host's IPC", async () => {
    const names = ['--hostname', 'h', '--domainname', 'example.org'];
    assert.equal(await shell(names, 'hostname; cat /proc/sys/kernel/domainname'), 'h\nexample.org');
    assert.equal(await shell(['--ipc', 'host'], 'stat -c %a /dev/shm'), '1777');
    const limits = ['--ulimit', 'nofile=100:200', '--sysctl', 'kernel.msgmax=9000', '--oom-score-adj', '10'];
    const script = 'ulimit -n; cat /proc/sys/kernel/msgmax /proc/self/oom_score_adj';
    assert.equal(await shell(limits, script), '100\n9000\n10');
    await refused(['-u', '70000'], /setresuid to 70000/);
  });

  it('containers that share namespaces share the user namespace', async () => {
    const donor = await start(
      ['--ipc', 'shareable', '--cap-add', 'NET_ADMIN'],
      'echo shared >/dev/shm/f; sleep 1000',
    );
    const namespace = async (name: string) =>
      execFileSync('readlink', [`/proc/${await pidOf(name)}/ns/user`], { encoding: 'utf8' });
    for (const flags of [
      ['--network', `container:${donor}`, '--cap-add', 'NET_ADMIN'],
      ['--pid', `container:${donor}`],
      ['--ipc', `container:${donor}`],
    ]) {
      const name = await start(flags);
      assert.equal(await namespace(name), await namespace(donor), flags.join(' '));
      if (flags[0] === '--network')
        await daemon.ok('exec', name, 'ip', 'addr', 'add', '192.0.2.9/32', 'dev', 'lo');
      if (flags[0] === '--ipc') {
        assert.equal(await daemon.ok('exec', name, 'cat', '/dev/shm/f'), 'shared');
        await daemon.ok('exec', name, 'touch', '/dev/shm/g');
      }
      // In a network of its own it still rules.
      await daemon.ok('exec', name, 'ping', '-c1', '-w5', '127.0.0.1');
      await remove(name);
    }
    const lone = await start([]);
    assert.notEqual(await namespace(lone), await namespace(donor));
    await remove(donor, lone);
  });
});

describe('files in a user namespace', () => {
  it('volumes: filled from the image, and the same for containers with and without one', async () => {
    assert.equal(
      await shell(['-v', 'data:/content'], 'stat -c %u:%g:%a /content /content/file', 'contentful'),
      '33:34:750\n33:34:640'.replace('640', '644'),
    );
    assert.equal(owner(join(daemon.dataRoot, 'volumes/data/_data/file')), '33:34');
    const list = 'stat -c %u:%g /content/file /content/new';
    assert.equal(
      await shell(['-v', 'data:/content'], `touch /content/new; chown 5:6 /content/new; ${list}`),
      '33:34\n5:6',
    );
    assert.equal(await shell(['--userns', 'host', '-v', 'data:/content'], list), '33:34\n5:6');
    assert.equal(
      await shell(
        ['--mount', 'type=volume,src=data,dst=/x,volume-subpath=deep,readonly'],
        'stat -c %u:%g /x; touch /x/y || echo no',
      ),
      '33:34\nno',
    );
    // One in memory.
    await daemon.ok(
      'volume',
      'create',
      '-o',
      'type=tmpfs',
      '-o',
      'device=tmpfs',
      '-o',
      'o=size=1m',
      'memory',
    );
    assert.equal(await shell(['-v', 'memory:/m'], 'touch /m/z; stat -c %u:%g /m /m/z'), '0:0\n0:0');
    await daemon.ok('volume', 'rm', 'data', 'memory');
  });

  it('binds are not shifted, and come with what is mounted below them', async () => {
    const place = directory('bind');
    mkdirSync(join(place, 'sub'));
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', join(place, 'sub')]);
    try {
      writeFileSync(join(place, 'root'), 'r');
      writeFileSync(join(place, 'his'), 'h');
      writeFileSync(join(place, 'sub/deep'), 'd');
      chownSync(join(place, 'his'), account.firstUid + 3, account.firstGid + 4);
      const script =
        'stat -c %u:%g /b/root /b/his; cat /b/sub/deep; touch /b/x /b/sub/x 2>/dev/null || echo denied';
      const expected = '65534:65534\n3:4\nddenied';
      assert.equal(await shell(['-v', `${place}:/b`], script), expected);
      chmodSync(join(place, 'sub'), 0o777);
      assert.equal(await shell(['-v', `${place}:/b`], 'touch /b/sub/made; stat -c %u:%g /b/sub/made'), '0:0');
      assert.equal(owner(join(place, 'sub/made')), host(0, 0));
      assert.equal(await shell(['-v', `${place}:/b:ro`], 'touch /b/sub/more || echo denied'), 'denied');
      const alone = ['--mount', `type=bind,src=${place},dst=/b,bind-recursive=disabled`];
      assert.equal(await shell(alone, 'ls /b/sub | wc -l'), '0');
    } finally {
      execFileSync('umount', [join(place, 'sub')]);
    }
  });

  it("diff, commit and export have the container's owners", async () => {
    const name = await start(
      [],
      'mkdir /made; echo x >/made/f; chown -R 5:6 /made; chmod 4755 /made/f; echo root >>/etc/shells; sleep 1000',
    );
    await eventually('files', async () => (await daemon.ok('diff', name)).includes('C /etc/shells'));
    assert.equal(await daemon.ok('diff', name), 'C /etc\nC /etc/shells\nA /made\nA /made/f');
    const entries = (tar: Buffer) =>
      execFileSync('tar', ['tv', '--numeric-owner', '-f', '-'], { input: tar, encoding: 'utf8' })
        .split('\n')
        .filter((line) => / (made|etc\/shells|bin\/busybox)/.test(line))
        .map((line) => line.split(/\s+/).slice(0, 2).join(' '))
        .sort();
    const owned = ['-rw-r--r-- 0/0', '-rwsr-xr-x 5/6', 'hrwxr-xr-x 0/0', 'drwxr-xr-x 5/6'].sort();
    const exported = () =>
      execFileSync('docker', ['export', name], { env: daemon.environment, maxBuffer: 2 ** 28 });
    assert.deepEqual(entries(exported()), owned);
    await daemon.ok('commit', name, 'committed');
    for (const flags of [[], ['--userns', 'host']]) {
      assert.equal(
        await shell(flags, 'stat -c %u:%g:%a /made /made/f /etc/shells', 'committed'),
        '5:6:755\n5:6:4755\n0:0:644',
      );
    }
    await daemon.ok('kill', name);
    await daemon.ok('wait', name);
    assert.deepEqual(entries(exported()), owned);
    await remove(name);
    await daemon.ok('rmi', 'committed');
  });

  it('cp both ways, running and stopped, in the root, in volumes and in binds', async () => {
    const place = directory('cp');
    writeFileSync(join(place, 'file'), 'from the host');
    chownSync(join(place, 'file'), 5, 6);
    const name = await start(['-v', 'cp:/content', '-v', `${place}:/bind`], 'sleep 1000', 'contentful');
    const received = (path: string) => {
      const tar = execFileSync('docker', ['cp', `${name}:${path}`, '-'], { env: daemon.environment });
      const list = execFileSync('tar', ['tv', '--numeric-owner'], { input: tar, encoding: 'utf8' });
      return list.split(/\s+/)[1];
    };
    for (const state of ['running', 'stopped']) {
      for (const target of ['/root', '/content', '/content/deep']) {
        await daemon.ok('cp', join(place, 'file'), `${name}:${target}/${state}`);
        assert.equal(received(`${target}/${state}`), '5/6', `${target} ${state}`);
      }
      assert.equal(received('/content/file'), '33/34');
      // A bind's files are the host's: to the container this one is nobody's.
      assert.equal(received('/bind/file'), '65534/65534');
      writeFileSync(join(place, 'foreign'), '');
      chownSync(join(place, 'foreign'), 65_536, 0);
      const { code, stderr } = await daemon.docker('cp', join(place, 'foreign'), `${name}:/root/foreign`);
      assert.equal(code, 1);
      assert.match(stderr, /no owner 65536:0/);
      if (state === 'running') await daemon.ok('stop', '-t', '0', name);
    }
    await daemon.ok('start', name);
    const copied = ['/root/running', '/root/stopped', '/content/stopped', '/content/deep/running'];
    assert.equal(await owners(name, ...copied), copied.map(() => '5:6').join('\n'));
    await remove(name);
    await daemon.ok('volume', 'rm', 'cp');
  });

  it('a working directory that is made, and read-only roots', async () => {
    assert.equal(await shell(['-w', '/made/for/me', '-u', '33'], 'stat -c %u:%g . ..'), '0:0\n0:0');
    assert.equal(
      await shell(
        ['--read-only', '--tmpfs', '/tmp'],
        'touch /x 2>/dev/null || touch /tmp/x && stat -c %u:%g /tmp/x',
      ),
      '0:0',
    );
  });

  it('no user of the host gets to what containers write', async () => {
    const name = await start([], 'cp /bin/busybox /su; chmod 4755 /su; sleep 1000');
    const merged = String(await daemon.inspect(name, '.GraphDriver.Data.MergedDir'));
    await eventually('the file', () => existsSync(join(merged, 'su')));
    const as = (uid: number, gid: number, path: string) =>
      execFileSync('setpriv', [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', 'ls', path], {
        stdio: 'pipe',
      });
    chmodSync(daemon.dataRoot, 0o755);
    for (const path of [merged, join(daemon.dataRoot, 'volumes'), join(daemon.execRoot, 'stage', name)]) {
      assert.throws(() => as(account.uid, account.uid, path), /Permission denied/, path);
    }
    await remove(name);
  });
});

describe('recovery of containers in a user namespace', () => {
  it('they run on over a kill -9, and are found again', async () => {
    const name = await start(
      ['-v', 'kept:/content', '--restart', 'always'],
      'echo one >/f; sleep 1000',
      'contentful',
    );
    await daemon.kill9();
    await daemon.start();
    assert.equal(await owners(name, '/f', '/content/file'), '0:0\n33:34');
    await daemon.ok('restart', '-t', '0', name);
    assert.equal(await owners(name, '/f', '/content/file'), '0:0\n33:34');
    const pid = await pidOf(name);
    process.kill(pid, 'SIGKILL');
    await eventually('the restart', async () => ![0, pid].includes(await pidOf(name)));
    assert.equal(await owners(name, '/f'), '0:0');
    await remove(name);
    await daemon.ok('volume', 'rm', 'kept');
  });

  it('a container keeps its ids when the daemon is told otherwise', async () => {
    const script =
      'test -e /f || { echo one >/f; chown 5:6 /f; }; stat -c %u:%g /f; cut -c11-21 /proc/self/uid_map';
    const name = await daemon.ok('create', 'busybox', 'sh', '-c', script);
    const plain = await daemon.ok('create', '--userns', 'host', 'busybox', 'sh', '-c', script);
    const run = (id: string) => daemon.ok('start', '-a', id);
    const first = [await run(name), await run(plain)];
    await daemon.stop();
    await daemon.start([]);
    assert.doesNotMatch(await daemon.ok('info', '-f', '{{.SecurityOptions}}'), /userns/);
    assert.deepEqual([await run(name), await run(plain)], first);
    assert.equal(Number(await shell([], 'cut -c11-21 /proc/self/uid_map')), 0);
    await remove(name, plain);
    await daemon.stop();
    await daemon.start();
  });
});
