import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Daemon } from '../fixtures/daemon.ts';

// An image with content where volumes are to be mounted.
const daemon = Daemon.forThisFile({}, async (daemon) => {
  const script =
    'mkdir -p /content/deep && echo original >/content/file && ln -s file /content/link && chown -R 33:33 /content && chmod 750 /content';
  await daemon.ok('run', '--name', 'maker', 'busybox', 'sh', '-c', script);
  await daemon.ok('commit', '-c', 'VOLUME /content', '-c', 'CMD ["sh"]', 'maker', 'contentful');
  await daemon.ok('rm', 'maker');
});

const shell = (flags: readonly string[], script: string, image = 'busybox') =>
  daemon.ok('run', '--rm', ...flags, image, 'sh', '-c', script);
const directory = (name: string) => {
  const path = join(daemon.root, name);
  mkdirSync(path, { recursive: true });
  return path;
};
const volumes = async () => (await daemon.ok('volume', 'ls', '-q')).split('\n').filter(Boolean);

describe('docker volume', () => {
  it('create, ls, inspect, rm', async () => {
    assert.equal(await daemon.ok('volume', 'create', '--label', 'a=b', 'data'), 'data');
    assert.match(await daemon.ok('volume', 'create'), /^[0-9a-f]{64}$/);
    assert.match(await daemon.ok('volume', 'ls'), /^DRIVER\s+VOLUME NAME\n/);
    assert.equal(await daemon.ok('volume', 'ls', '-q', '-f', 'label=a=b'), 'data');
    assert.equal(await daemon.ok('volume', 'ls', '-q', '-f', 'name=dat'), 'data');
    const [inspected] = JSON.parse(await daemon.ok('volume', 'inspect', 'data')) as Record<string, unknown>[];
    assert.deepEqual(
      [inspected?.['Name'], inspected?.['Driver'], inspected?.['Scope'], inspected?.['Labels']],
      ['data', 'local', 'local', { a: 'b' }],
    );
    assert.equal(inspected?.['Mountpoint'], join(daemon.dataRoot, 'volumes/data/_data'));
    await daemon.ok('volume', 'rm', ...(await volumes()));
    assert.deepEqual(await volumes(), []);
    assert.equal(existsSync(join(daemon.dataRoot, 'volumes/data')), false);
  });

  it('creating what exists is fine', async () => {
    await daemon.ok('volume', 'create', 'twice');
    await daemon.ok('volume', 'create', 'twice');
    await daemon.ok('volume', 'rm', 'twice');
  });

  it('one in use cannot be removed, even when its container does not run', async () => {
    const id = await daemon.ok('create', '-v', 'used:/x', 'busybox');
    const result = await daemon.docker('volume', 'rm', 'used');
    assert.equal(result.code, 1);
    assert.match(result.stderr, new RegExp(`remove used: volume is in use - \\[${id}\\]`));
    assert.equal(await daemon.ok('volume', 'ls', '-q', '-f', 'dangling=false'), 'used');
    await daemon.ok('rm', id);
    assert.equal(await daemon.ok('volume', 'ls', '-q', '-f', 'dangling=true'), 'used');
    await daemon.ok('volume', 'rm', 'used');
  });

  it('unknown ones and bad names', async () => {
    assert.match((await daemon.docker('volume', 'rm', 'nosuch')).stderr, /get nosuch: no such volume/);
    assert.match((await daemon.docker('volume', 'inspect', 'nosuch')).stderr, /get nosuch: no such volume/);
    const bad = await daemon.docker('volume', 'create', 'no/good');
    assert.equal(bad.code, 1);
    assert.match(bad.stderr, /includes invalid characters for a local volume name/);
    assert.match((await daemon.docker('volume', 'create', '-d', 'nosuch', 'x')).stderr, /nosuch/);
    assert.equal(existsSync(join(daemon.dataRoot, 'volumes/x')), false);
  });

  it('prune takes the anonymous, -a all that nobody uses', async () => {
    await daemon.ok('volume', 'create', 'named');
    await daemon.ok('create', '--name', 'user', '-v', 'kept:/x', 'busybox');
    await daemon.ok('create', '--name', 'leaver', '-v', '/anonymous', 'busybox');
    await daemon.ok('rm', 'leaver');
    assert.match(
      await daemon.ok('volume', 'prune', '-f'),
      /^Deleted Volumes:\n[0-9a-f]{64}\n\nTotal reclaimed space: /,
    );
    assert.deepEqual(await volumes(), ['kept', 'named']);
    await daemon.ok('volume', 'prune', '-a', '-f');
    assert.deepEqual(await volumes(), ['kept']);
    await daemon.ok('rm', 'user');
    await daemon.ok('volume', 'rm', 'kept');
  });
});

describe('volumes of containers', () => {
  it('a named one outlives them and is shared', async () => {
    await shell(['-v', 'shared:/data'], 'echo kept >/data/file');
    assert.equal(await shell(['-v', 'shared:/other'], 'cat /other/file'), 'kept');
    const mounts = await daemon
      .ok('create', '--name', 'looks', '-v', 'shared:/data:ro', 'busybox')
      .then(() => daemon.inspect('looks', '.Mounts'));
    assert.deepEqual(mounts, [
      {
        Type: 'volume',
        Name: 'shared',
        Source: join(daemon.dataRoot, 'volumes/shared/_data'),
        Destination: '/data',
        Driver: 'local',
        Mode: 'ro',
        RW: false,
        Propagation: '',
      },
    ]);
    await daemon.ok('rm', 'looks');
    await daemon.ok('volume', 'rm', 'shared');
  });

  it('content of the image is copied up on first use: owner, mode, links', async () => {
    const script = 'cat /content/link; stat -c "%u:%g %a" /content; stat -c %u /content/file';
    assert.equal(await shell(['-v', 'filled:/content'], script, 'contentful'), 'original\n33:33 750\n33');
    await shell(['-v', 'filled:/content'], 'echo changed >/content/file', 'contentful');
    assert.equal(await shell(['-v', 'filled:/content'], 'cat /content/file', 'contentful'), 'changed');
    await daemon.ok('volume', 'rm', 'filled');
  });

  it('nocopy leaves it empty, and so does a bind', async () => {
    assert.equal(await shell(['-v', 'bare:/content:nocopy'], 'ls /content', 'contentful'), '');
    assert.equal(await shell(['-v', `${directory('empty')}:/content`], 'ls /content', 'contentful'), '');
    await daemon.ok('volume', 'rm', 'bare');
  });

  it('VOLUME of the image makes an anonymous one', async () => {
    await daemon.ok('create', '--name', 'declared', 'contentful');
    const [mount] = (await daemon.inspect('declared', '.Mounts')) as {
      Name: string;
      Destination: string;
      Type: string;
    }[];
    assert.match(mount?.Name ?? '', /^[0-9a-f]{64}$/);
    assert.deepEqual([mount?.Type, mount?.Destination], ['volume', '/content']);
    assert.equal(
      await daemon
        .ok('start', '-a', 'declared')
        .then(() => daemon.ok('cp', 'declared:/content/file', '-').then((tar) => tar.includes('original'))),
      true,
    );
    await daemon.ok('rm', '-v', 'declared');
    assert.deepEqual(await volumes(), []);
  });

  it('read-only ones cannot be written', async () => {
    const result = await daemon.docker('run', '--rm', '-v', 'fixed:/data:ro', 'busybox', 'touch', '/data/x');
    assert.match(result.stderr, /Read-only file system/);
    await daemon.ok('volume', 'rm', 'fixed');
  });

  it('--volumes-from, with and without :ro', async () => {
    const host = directory('bound');
    await daemon.ok(
      'create',
      '--name',
      'donor',
      '-v',
      'given:/named',
      '-v',
      '/anonymous',
      '-v',
      `${host}:/bound`,
      'busybox',
    );
    assert.equal(
      await shell(
        ['--volumes-from', 'donor'],
        'touch /named/x /anonymous/y /bound/z; ls -d /named /anonymous /bound | wc -l',
      ),
      '3',
    );
    assert.equal(existsSync(join(host, 'z')), true);
    const readOnly = await daemon.docker(
      'run',
      '--rm',
      '--volumes-from',
      'donor:ro',
      'busybox',
      'touch',
      '/named/no',
    );
    assert.match(readOnly.stderr, /Read-only file system/);
    const unknown = await daemon.docker('run', '--rm', '--volumes-from', 'nosuch', 'busybox', 'true');
    assert.equal(unknown.code, 125);
    assert.match(unknown.stderr, /No such container: nosuch/);
    await daemon.ok('rm', '-v', 'donor');
    await daemon.ok('volume', 'rm', 'given');
  });

  it('a volume within a volume', async () => {
    assert.equal(
      await shell(['-v', 'outer:/a', '-v', 'inner:/a/b'], 'touch /a/1 /a/b/2; ls /a /a/b'),
      '/a:\n1\nb\n\n/a/b:\n2',
    );
    await daemon.ok('volume', 'rm', 'outer', 'inner');
  });
});

describe('binds', () => {
  it('both ways, read-only, of a file', async () => {
    const host = directory('bind');
    writeFileSync(join(host, 'from-host'), 'hello');
    assert.equal(
      await shell(['-v', `${host}:/mnt`], 'cat /mnt/from-host; echo back >/mnt/from-container'),
      'hello',
    );
    assert.equal(readFileSync(join(host, 'from-container'), 'utf8'), 'back\n');
    const readOnly = await daemon.docker(
      'run',
      '--rm',
      '-v',
      `${host}:/mnt:ro`,
      'busybox',
      'touch',
      '/mnt/x',
    );
    assert.match(readOnly.stderr, /Read-only file system/);
    assert.equal(await shell(['-v', `${host}/from-host:/one:ro`], 'cat /one'), 'hello');
    assert.equal(await shell(['-v', `${host}/from-host:/etc/hostname`], 'cat /etc/hostname'), 'hello');
  });

  it('-v makes a missing source, --mount does not', async () => {
    const made = join(daemon.root, 'made');
    await shell(['-v', `${made}:/mnt`], 'touch /mnt/x');
    assert.equal(existsSync(join(made, 'x')), true);
    const missing = await daemon.docker(
      'run',
      '--rm',
      '--mount',
      `type=bind,src=${daemon.root}/missing,dst=/mnt`,
      'busybox',
      'true',
    );
    assert.equal(missing.code, 125);
    assert.match(
      missing.stderr,
      /invalid mount config for type "bind": bind source path does not exist: .*\/missing/,
    );
    assert.equal(existsSync(join(daemon.root, 'missing')), false);
    assert.equal(await daemon.ok('ps', '-aq'), '');
  });

  it('propagation', async () => {
    const host = directory('slave');
    await daemon.run('mount', ['--bind', host, host]);
    await daemon.run('mount', ['--make-shared', host]);
    await daemon.ok('run', '-d', '--name', 'slave', '-v', `${host}:/mnt:rslave`, 'busybox', 'sleep', '600');
    await daemon.run('mount', ['-t', 'tmpfs', 'berth-e2e', host]);
    writeFileSync(join(host, 'later'), '');
    assert.equal(await daemon.ok('exec', 'slave', 'ls', '/mnt'), 'later');
    await daemon.ok('rm', '-f', 'slave');
    await daemon.run('umount', [host]);
    await daemon.run('umount', [host]);
  });

  it('a socket', async () => {
    assert.equal(
      await shell(
        ['-v', `${daemon.root}/s:/var/run/docker.sock`],
        'test -S /var/run/docker.sock && echo socket',
      ),
      'socket',
    );
  });
});

describe('--mount and --tmpfs', () => {
  it('type=volume', async () => {
    assert.equal(
      await shell(['--mount', 'type=volume,src=mounted,dst=/content'], 'cat /content/file', 'contentful'),
      'original',
    );
    assert.equal(
      await shell(
        ['--mount', 'type=volume,src=mounted,dst=/x,volume-subpath=deep'],
        'ls -d /x && touch /x/in-deep',
      ),
      '/x',
    );
    assert.equal(
      await shell(['--mount', 'src=mounted,dst=/x,readonly'], 'ls /x/deep; touch /x/y 2>&1 || true').then(
        (text) => /^in-deep\n.*Read-only/.test(text),
      ),
      true,
    );
    await daemon.ok('volume', 'rm', 'mounted');
  });

  it('type=bind', async () => {
    const host = directory('mount');
    assert.equal(await shell(['--mount', `type=bind,src=${host},dst=/mnt`], 'echo x >/mnt/x; ls /mnt'), 'x');
    assert.match(
      await shell(['--mount', `type=bind,src=${host},dst=/mnt,readonly`], 'grep " /mnt " /proc/mounts'),
      / ro,/,
    );
  });

  it('bind-recursive: what is mounted below comes along or not, read-only or not', async () => {
    const host = directory('outer');
    directory('outer/inner');
    await daemon.run('mount', ['-t', 'tmpfs', 'berth-e2e', join(host, 'inner')]);
    try {
      writeFileSync(join(host, 'inner/file'), '');
      const seen = (options: string) =>
        shell(
          ['--mount', `type=bind,src=${host},dst=/mnt,${options}`],
          'ls /mnt/inner; touch /mnt/inner/file 2>/dev/null && echo writable || echo not',
        );
      assert.equal(await seen('bind-recursive=enabled'), 'file\nwritable');
      assert.equal(await seen('bind-recursive=disabled'), 'writable');
      assert.equal(await seen('readonly'), 'file\nnot');
      assert.equal(await seen('readonly,bind-recursive=writable'), 'file\nwritable');
      assert.equal(await seen('readonly,bind-recursive=readonly,bind-propagation=rprivate'), 'file\nnot');
    } finally {
      await daemon.run('umount', [join(host, 'inner')]);
    }
  });

  it('type=volume with a label, without a copy, and without a name', async () => {
    const options = 'type=volume,dst=/content,volume-nocopy,volume-label=made=here';
    await daemon.ok('run', '--name', 'labelled', '--mount', `${options},src=bare`, 'contentful', 'true');
    assert.equal(await daemon.ok('volume', 'ls', '-q', '-f', 'label=made=here'), 'bare');
    assert.equal(await shell(['-v', 'bare:/x'], 'ls -A /x'), '');
    await daemon.ok('rm', 'labelled');
    await daemon.ok('volume', 'rm', 'bare');
    await daemon.ok('run', '-d', '--name', 'nameless', '--mount', options, 'contentful', 'sleep', '600');
    const [mount] = (await daemon.inspect('nameless', '.Mounts')) as { Name: string }[];
    assert.match(mount?.Name ?? '', /^[0-9a-f]{64}$/);
    assert.equal(await daemon.ok('volume', 'ls', '-q', '-f', 'label=made=here'), mount?.Name);
    await daemon.ok('rm', '-f', '-v', 'nameless');
    assert.deepEqual(await volumes(), []);
  });

  it('type=tmpfs and --tmpfs', async () => {
    assert.match(
      await shell(
        ['--mount', 'type=tmpfs,dst=/t,tmpfs-size=2m,tmpfs-mode=1700'],
        'grep " /t " /proc/mounts; stat -c %a /t',
      ),
      /^tmpfs \/t tmpfs .*size=2048k.*\n1700$/,
    );
    assert.match(
      await shell(['--tmpfs', '/t'], 'grep " /t " /proc/mounts'),
      /^tmpfs \/t tmpfs rw,nosuid,nodev,noexec,relatime/,
    );
    assert.equal(
      await shell(['--tmpfs', '/t:exec,uid=7'], 'cp /bin/busybox /t/true && /t/true; stat -c %u /t'),
      '7',
    );
  });

  it('nonsense is refused', async () => {
    for (const [flags, message] of [
      [['--mount', 'type=bind,src=/tmp,dst=relative'], /mount path must be absolute/],
      [['-v', '/tmp:relative'], /mount path must be absolute|invalid volume specification/],
      [['-v', '/tmp:/x:nosuchmode'], /invalid mode: nosuchmode|invalid volume specification/],
      [['-v', 'one:/x', '-v', 'two:/x'], /Duplicate mount point: \/x/],
      [['-v', '/tmp:/'], /destination can't be '\/'/],
      [['--mount', 'type=tmpfs,dst=/x,tmpfs-size=-1'], /tmpfs-size/],
    ] as const) {
      const result = await daemon.docker('run', '--rm', ...flags, 'busybox', 'true');
      assert.notEqual(result.code, 0, flags.join(' '));
      assert.match(result.stderr, message);
    }
    assert.equal(await daemon.ok('ps', '-aq'), '');
  });
});

describe('--mount type=image', () => {
  const image = 'type=image,src=contentful,dst=/img';

  it('shows the files of the image, or those below a path of it, and lets nobody write', async () => {
    assert.equal(
      await shell(
        ['--mount', image, '--mount', 'type=image,src=contentful,dst=/part,image-subpath=content'],
        'cat /img/content/link /part/file; stat -c %u:%a /part',
      ),
      'original\noriginal\n33:750',
    );
    const refused = await daemon.docker('run', '--rm', '--mount', image, 'busybox', 'touch', '/img/x');
    assert.match(refused.stderr, /Read-only file system/);
  });

  it('keeps the image, is there for cp, and outlives the daemon', async () => {
    await daemon.ok('create', '--name', 'reader', '--mount', image, 'busybox', 'sleep', '600');
    const inUse = await daemon.docker('rmi', 'contentful');
    assert.match(inUse.stderr, /conflict: unable to .*contentful.* container [0-9a-f]{12}/);
    await daemon.ok('cp', 'reader:/img/content/file', join(daemon.root, 'copied'));
    assert.equal(readFileSync(join(daemon.root, 'copied'), 'utf8'), 'original\n');
    await daemon.ok('start', 'reader');
    const [mount] = (await daemon.inspect('reader', '.Mounts')) as Record<string, unknown>[];
    assert.deepEqual(
      [mount?.['Type'], mount?.['Name'], mount?.['Destination'], mount?.['RW']],
      ['image', 'contentful', '/img', false],
    );
    assert.equal(existsSync(join(String(mount?.['Source']), 'content/file')), true);
    await daemon.kill9();
    await daemon.start();
    assert.equal(await daemon.ok('exec', 'reader', 'cat', '/img/content/file'), 'original');
    await daemon.ok('stop', '-t', '0', 'reader');
    await daemon.ok('start', 'reader');
    assert.equal(await shell(['--volumes-from', 'reader'], 'cat /img/content/file'), 'original');
    await daemon.ok('rm', '-f', 'reader');
  });

  it('is refused when it cannot be', async () => {
    for (const [options, message] of [
      ['src=nosuch,dst=/x', /invalid mount config for type "image": No such image: nosuch/],
      ['src=contentful,dst=/x,image-subpath=../etc', /invalid subpath/],
      ['src=contentful,dst=/x,image-subpath=nosuch', /cannot access path nosuch of image contentful/],
      ['dst=/x', /field Source must not be empty|source is required/],
    ] as const) {
      const result = await daemon.docker(
        'run',
        '--rm',
        '--mount',
        `type=image,${options}`,
        'busybox',
        'true',
      );
      assert.notEqual(result.code, 0, options);
      assert.match(result.stderr, message);
    }
    assert.equal(await daemon.ok('ps', '-aq'), '');
    const old = await daemon.request('POST', '/v1.47/containers/create', {
      Image: 'busybox',
      HostConfig: { Mounts: [{ Type: 'image', Source: 'contentful', Target: '/x' }] },
    });
    assert.deepEqual([old.status, /needs API v1\.48/.test(old.body)], [400, true]);
  });
});

it('ls by driver; rm -f of what is not there', async () => {
  await daemon.ok('volume', 'create', 'here');
  assert.equal(await daemon.ok('volume', 'ls', '-q', '-f', 'driver=local', '-f', 'name=here'), 'here');
  assert.equal(await daemon.ok('volume', 'ls', '-q', '-f', 'driver=other'), '');
  await daemon.ok('volume', 'rm', '-f', 'nosuch', 'here');
  assert.deepEqual(
    (await volumes()).filter((name) => name === 'here'),
    [],
  );
});

it('--volume-driver is kept on record', async () => {
  await daemon.ok('create', '--name', 'driven', '--volume-driver', 'local', '-v', 'driven:/x', 'busybox');
  assert.equal(await daemon.inspect('driven', '.HostConfig.VolumeDriver'), 'local');
  await daemon.ok('rm', 'driven');
  await daemon.ok('volume', 'rm', 'driven');
});
