import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { DirectorySource } from '#engine/snapshots';
import { getXattr, listXattrs } from '#linux/files';
import { layerOf, openFixture, tarOf } from './images.fixture.ts';

/** Thousands of files of all kinds that every Debian has. */
const SOURCES = ['etc', 'usr/share/zoneinfo', 'usr/lib/python3', 'var/lib/dpkg/info', 'usr/share/perl5'];

const START = BigInt(Date.now()) * 1_000_000n;

/** Everything that can be told of a tree: what two unpackers may not disagree about. */
function manifest(root: string): string[] {
  const inodes = new Map<bigint, string>();
  const paths = ['.', ...new DirectorySource(root).walk()].sort();
  return paths.map((path) => {
    const place = join(root, path);
    const stats = lstatSync(place, { bigint: true });
    const xattrs = listXattrs(place)
      .filter((name) => !name.startsWith('trusted.overlay.'))
      .map((name) => `${name}=${getXattr(place, name)?.toString('hex')}`)
      .sort();
    const content = stats.isFile()
      ? createHash('sha256').update(readFileSync(place)).digest('hex')
      : stats.isSymbolicLink()
        ? readlinkSync(place)
        : '';
    const shared = stats.nlink > 1n && !stats.isDirectory();
    const first = inodes.get(stats.ino) ?? path;
    if (shared) inodes.set(stats.ino, first);
    const size = stats.isDirectory() ? '' : stats.size;
    // What no layer describes is as old as its unpacking.
    const time = stats.mtimeNs > START ? 'now' : stats.mtimeNs;
    return [
      path,
      stats.mode.toString(8),
      stats.uid,
      stats.gid,
      time,
      size,
      stats.rdev,
      content,
      xattrs,
      shared ? first : '',
    ].join(' ');
  });
}

test('thousands of files come out as umoci unpacks them', {
  skip: !existsSync('/usr/bin/umoci') && 'umoci is not installed',
  timeout: 120_000,
}, async (context) => {
  const { images, snapshots, home } = await openFixture(context);
  const sources = SOURCES.filter((path) => existsSync(join('/', path)));
  const rootfs = execFileSync(
    'tar',
    ['-c', '-C', '/', '--numeric-owner', '--xattrs', '--xattrs-include=*', '--format=posix', ...sources],
    { maxBuffer: 2 ** 31, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const below = await images.import(Readable.from([rootfs]), { reference: 'host:1' });
  const above = await images.commit({
    parent: below.id,
    config: below.config,
    author: '',
    comment: '',
    createdBy: '',
    reference: 'host:2',
    layer: Readable.from([
      tarOf([
        { path: 'etc/.wh.hostname', type: 'file' },
        { path: 'etc/apt', type: 'directory', mode: 0o2770, gid: 33, mtime: 1_700_000_000_987_654_321n },
        { path: 'etc/apt/.wh..wh..opq', type: 'file' },
        { path: 'etc/apt/new', type: 'file', content: 'new', mode: 0o6711, uid: 70000, gid: 4_000_000_000 },
        { path: 'etc/apt/again', type: 'link', link: 'etc/apt/new' },
        { path: 'dev/sda', type: 'block', major: 8, minor: 300, mode: 0o660 },
        { path: 'dev/pipe', type: 'fifo', mode: 0o600 },
        {
          path: 'usr/bin/capable',
          type: 'file',
          content: 'c',
          xattrs: new Map([
            ['security.capability', Buffer.from('0100000200200000000000000000000000000000', 'hex')],
            ['user.note', Buffer.from('\0binary\xff', 'latin1')],
          ]),
        },
        { path: `usr/${'long/'.repeat(40)}name`, type: 'symlink', link: '/x'.repeat(120) },
      ]),
    ]),
  });
  assert.equal(above.layers.length, 2);
  await images.close();
  const layout = join(home, 'layout');
  const store = `oci:${join(home, 'data/content')}:docker.io/library/host:2`;
  execFileSync('skopeo', ['--insecure-policy', 'copy', '-q', store, `oci:${layout}:2`]);
  const theirs = join(home, 'theirs');
  execFileSync('umoci', ['raw', 'unpack', '--image', `${layout}:2`, theirs], { stdio: 'ignore' });
  await snapshots.prepare('c1', above.layers.map(({ chainId }) => chainId).reverse());
  const ours = manifest(await snapshots.mount('c1'));
  assert.ok(ours.length > 2000, `only ${ours.length} files`);
  assert.deepEqual(ours, manifest(theirs));
});

test('a layer of one file is no special case', async (context) => {
  const { images } = await openFixture(context);
  const image = await images.import(Readable.from([layerOf('only')]), {});
  assert.equal(image.size, 4);
});
