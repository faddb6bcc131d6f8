import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Daemon } from '../fixtures/daemon.ts';

// One running and one stopped container, with the same files.
const FILES =
  'mkdir -p /data/sub && echo one >/data/one && echo two >/data/sub/two && ln -s one /data/link && chmod 640 /data/one && chown 33:33 /data/one';
const daemon = Daemon.forThisFile({}, async (daemon) => {
  await daemon.ok(
    'run',
    '-d',
    '--name',
    'runs',
    '-v',
    'vol:/vol',
    'busybox',
    'sh',
    '-c',
    `${FILES}; echo in-volume >/vol/file; touch /ready; exec sleep 600`,
  );
  await daemon.ok('run', '--name', 'stopped', '-v', 'vol:/vol', 'busybox', 'sh', '-c', FILES);
  await daemon.ok('exec', 'runs', 'sh', '-c', 'while [ ! -e /ready ]; do sleep 0.01; done');
});

let counter = 0;
const directory = () => {
  const path = join(daemon.root, `host${counter++}`);
  mkdirSync(path);
  return path;
};
const text = (path: string) => readFileSync(path, 'utf8');
const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex');
const names = (tar: string | Buffer) =>
  execFileSync('tar', ['-t'], { input: tar, encoding: 'utf8' }).trim().split('\n').toSorted();

for (const container of ['runs', 'stopped'])
  describe(`docker cp, the container ${container}`, () => {
    it('a file out: content, mode, name', async () => {
      const host = directory();
      await daemon.ok('cp', `${container}:/data/one`, host);
      assert.equal(text(join(host, 'one')), 'one\n');
      assert.equal(lstatSync(join(host, 'one')).mode & 0o777, 0o640);
      await daemon.ok('cp', `${container}:/data/one`, join(host, 'renamed'));
      assert.equal(text(join(host, 'renamed')), 'one\n');
    });

    it('a directory out: itself, or what is in it', async () => {
      const host = directory();
      await daemon.ok('cp', `${container}:/data`, host);
      assert.equal(text(join(host, 'data/sub/two')), 'two\n');
      assert.equal(readlinkSync(join(host, 'data/link')), 'one');
      const inner = directory();
      await daemon.ok('cp', `${container}:/data/.`, inner);
      assert.equal(text(join(inner, 'sub/two')), 'two\n');
    });

    it('links: as they are, or followed with -L', async () => {
      const host = directory();
      await daemon.ok('cp', `${container}:/data/link`, host);
      assert.equal(readlinkSync(join(host, 'link')), 'one');
      await daemon.ok('cp', '-L', `${container}:/data/link`, join(host, 'followed'));
      assert.equal(text(join(host, 'followed')), 'one\n');
    });

    it('in: a file, a directory, to a new name, with its owner under -a', async () => {
      const host = directory();
      mkdirSync(join(host, 'tree/deep'), { recursive: true });
      writeFileSync(join(host, 'tree/deep/leaf'), 'leaf');
      writeFileSync(join(host, 'tool'), '#!/bin/sh\n');
      chmodSync(join(host, 'tool'), 0o755);
      symlinkSync('/nowhere', join(host, 'tree/dangling'));
      await daemon.ok('cp', join(host, 'tree'), `${container}:/srv`);
      await daemon.ok('cp', join(host, 'tool'), `${container}:/bin/new-tool`);
      await daemon.ok('cp', `${join(host, 'tree')}/.`, `${container}:/var`);
      const back = directory();
      await daemon.ok('cp', `${container}:/var/deep/leaf`, back);
      await daemon.ok('cp', `${container}:/bin/new-tool`, back);
      await daemon.ok('cp', `${container}:/var/dangling`, back);
      assert.equal(text(join(back, 'leaf')), 'leaf');
      assert.equal(lstatSync(join(back, 'new-tool')).mode & 0o777, 0o755);
      assert.equal(readlinkSync(join(back, 'dangling')), '/nowhere');
    });

    it('streams: - is a tar', async () => {
      const out = await daemon.run('sh', ['-c', `docker cp ${container}:/data - | tar -t`]);
      assert.deepEqual(out.stdout.trim().split('\n').toSorted(), [
        'data/',
        'data/link',
        'data/one',
        'data/sub/',
        'data/sub/two',
      ]);
      const host = directory();
      writeFileSync(join(host, 'streamed'), 'x');
      const tar = execFileSync('tar', ['-C', host, '-c', 'streamed']);
      await daemon.okWith(tar, 'cp', '-', `${container}:/tmp`);
      await daemon.ok('cp', `${container}:/tmp/streamed`, join(host, 'back'));
      assert.equal(text(join(host, 'back')), 'x');
    });

    it('a volume that is mounted', async () => {
      const host = directory();
      await daemon.ok('cp', `${container}:/vol/file`, host);
      assert.equal(text(join(host, 'file')), 'in-volume\n');
      writeFileSync(join(host, `from-${container}`), 'into the volume');
      await daemon.ok('cp', join(host, `from-${container}`), `${container}:/vol/`);
      assert.equal(await daemon.ok('exec', 'runs', 'cat', `/vol/from-${container}`), 'into the volume');
    });

    it('what is not there', async () => {
      const missing = await daemon.docker('cp', `${container}:/no/such`, directory());
      assert.equal(missing.code, 1);
      assert.match(missing.stderr, new RegExp(`Could not find the file /no/such in container ${container}`));
      const parent = await daemon.docker('cp', '/etc/hostname', `${container}:/no/such/place`);
      assert.equal(parent.code, 1);
      assert.match(parent.stderr, /Could not find the file \/no\/such|no such directory/);
      const onto = await daemon.docker('cp', '/etc', `${container}:/data/one`);
      assert.equal(onto.code, 1);
      assert.match(
        onto.stderr,
        /cannot copy directory|cannot overwrite non-directory "\/data\/one" with directory/,
      );
    });
  });

describe('docker cp of much', () => {
  it('30 MB out and in are the same', async () => {
    const host = directory();
    await daemon.ok('exec', 'runs', 'sh', '-c', 'head -c 30000000 /dev/urandom >/tmp/big');
    await daemon.ok('cp', 'runs:/tmp/big', host);
    await daemon.ok('cp', join(host, 'big'), 'stopped:/tmp/big');
    await daemon.ok('cp', 'stopped:/tmp/big', join(host, 'back'));
    assert.ok(readFileSync(join(host, 'back')).equals(readFileSync(join(host, 'big'))));
    assert.match(
      await daemon.ok('exec', 'runs', 'sha256sum', '/tmp/big'),
      new RegExp(`^${sha256(readFileSync(join(host, 'back')))} `),
    );
  });

  it('thousands of files', async () => {
    await daemon.ok(
      'exec',
      'runs',
      'sh',
      '-c',
      'mkdir /many; cd /many; i=0; while [ $i -lt 3000 ]; do echo $i >$i; i=$((i+1)); done',
    );
    const host = directory();
    await daemon.ok('cp', 'runs:/many', host);
    assert.equal(readdirSync(join(host, 'many')).length, 3000);
    await daemon.ok('cp', join(host, 'many'), 'stopped:/copy');
    await daemon.ok('cp', 'stopped:/copy/2999', host);
    assert.equal(text(join(host, '2999')), '2999\n');
  });
});

describe('docker cp and links that lead out', () => {
  it('an absolute link is the container’s, never the host’s', async () => {
    writeFileSync(join(daemon.root, 'secret'), 'of the host');
    await daemon.ok(
      'exec',
      'runs',
      'sh',
      '-c',
      `ln -s ${daemon.root}/secret /escape; ln -s ${daemon.root} /escape-dir; ln -s ../../../../../../..${daemon.root}/secret /relative`,
    );
    for (const name of ['/escape', '/relative']) {
      const result = await daemon.docker('cp', '-L', `runs:${name}`, join(directory(), 'got'));
      assert.notEqual(result.code, 0);
    }
    await daemon.docker('cp', '/etc/hostname', 'runs:/escape-dir/planted');
    assert.equal(existsSync(join(daemon.root, 'planted')), false);
    await daemon.docker('cp', '/etc/hostname', 'runs:/escape');
    assert.equal(text(join(daemon.root, 'secret')), 'of the host');
  });

  it('an archive with .. and absolute names stays inside', async () => {
    const host = directory();
    writeFileSync(join(host, 'evil'), 'x');
    const transformed = (to: string) =>
      execFileSync('tar', ['-C', host, '-P', '-c', '--transform', `s,^evil$,${to},`, 'evil']);
    for (const name of [`../../../../../../../..${daemon.root}/planted`, `${daemon.root}/planted`]) {
      await daemon.run('docker', ['cp', '-', 'runs:/tmp'], { input: transformed(name) });
      assert.equal(existsSync(join(daemon.root, 'planted')), false);
    }
  });

  it('read-only places are refused', async () => {
    await daemon.ok('create', '--name', 'fixed', '--read-only', '-v', 'vol:/vol:ro', 'busybox');
    for (const target of ['/etc/x', '/vol/x']) {
      const result = await daemon.docker('cp', '/etc/hostname', `fixed:${target}`);
      assert.equal(result.code, 1);
      assert.match(result.stderr, /read-only/i);
    }
    await daemon.ok('rm', 'fixed');
  });
});

describe('docker diff', () => {
  it('tells what was added, changed and deleted', async () => {
    await daemon.ok(
      'run',
      '--name',
      'changed',
      'busybox',
      'sh',
      '-c',
      'echo x >/new; echo more >>/etc/passwd; rm /www/index.html; mkdir /etc/sub; touch /etc/sub/x',
    );
    const lines = (await daemon.ok('diff', 'changed')).split('\n').toSorted();
    assert.deepEqual(lines, [
      'A /etc/sub',
      'A /etc/sub/x',
      'A /new',
      'C /etc',
      'C /etc/passwd',
      'C /www',
      'D /www/index.html',
    ]);
    await daemon.ok('rm', 'changed');
  });

  it('is empty for what has not changed', async () => {
    await daemon.ok('create', '--name', 'same', 'busybox');
    assert.equal(await daemon.ok('diff', 'same'), '');
    await daemon.ok('rm', 'same');
  });
});

describe('docker commit', () => {
  it('makes an image of the changes: files, deletions, configuration', async () => {
    await daemon.ok(
      'run',
      '--name',
      'source',
      '-e',
      'KEPT=1',
      'busybox',
      'sh',
      '-c',
      'echo new >/new && rm -r /www && chown 33 /etc/shells',
    );
    const id = await daemon.ok(
      'commit',
      '-a',
      'Me',
      '-m',
      'why',
      '-c',
      'CMD ["cat", "/new"]',
      '-c',
      'ENV ADDED=2',
      'source',
      'committed:1',
    );
    assert.match(id, /^sha256:[0-9a-f]{64}$/);
    assert.equal(await daemon.ok('run', '--rm', 'committed:1'), 'new');
    assert.equal(
      await daemon.ok(
        'run',
        '--rm',
        'committed:1',
        'sh',
        '-c',
        'ls -d /www 2>/dev/null; echo $KEPT $ADDED; stat -c %u /etc/shells',
      ),
      '1 2\n33',
    );
    assert.deepEqual(
      [await daemon.inspect('committed:1', '.Author'), await daemon.inspect('committed:1', '.Comment')],
      ['Me', 'why'],
    );
    assert.equal(((await daemon.inspect('committed:1', '.RootFS.Layers')) as string[]).length, 2);
    await daemon.ok('rm', 'source');
    await daemon.ok('rmi', 'committed:1');
  });

  it('of a running container, which is paused meanwhile unless -p=false', async () => {
    await daemon.ok('commit', 'runs', 'snapshot');
    assert.equal(await daemon.inspect('runs', '.State.Status'), 'running');
    assert.equal(await daemon.ok('run', '--rm', 'snapshot', 'cat', '/data/one'), 'one');
    await daemon.ok('commit', '--pause=false', 'runs', 'snapshot');
    await daemon.ok('rmi', '-f', 'snapshot');
    await daemon.ok('image', 'prune', '-f');
  });

  it('volumes are not part of it', async () => {
    await daemon.ok('commit', 'stopped', 'without');
    assert.equal(await daemon.ok('run', '--rm', 'without', 'ls', '/vol'), '');
    await daemon.ok('rmi', 'without');
  });
});

describe('docker export', () => {
  it('is the whole file system as a tar, without volumes', async () => {
    await daemon.ok('export', '-o', join(daemon.root, 'all.tar'), 'runs');
    const all = names(readFileSync(join(daemon.root, 'all.tar')));
    for (const name of ['data/one', 'data/sub/two', 'bin/busybox', 'vol/'])
      assert.ok(all.includes(name), name);
    assert.ok(!all.includes('vol/file'));
    const listing = execFileSync(
      'tar',
      ['-tvf', join(daemon.root, 'all.tar'), '--numeric-owner', 'data/one'],
      { encoding: 'utf8' },
    );
    assert.match(listing, /^-rw-r----- 33\/33\s+4 /);
  });

  it('an unknown container', async () => {
    const result = await daemon.docker('export', '-o', join(daemon.root, 'none.tar'), 'nosuch');
    assert.equal(result.code, 1);
    assert.match(result.stderr, /No such container: nosuch/);
    assert.equal(existsSync(join(daemon.root, 'none.tar')), false);
  });
});
