import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { SparseCursor, TAR_END, type TarEntry, TarReader, tarHeader, tarPadding } from './index.ts';

// Archives of real tar programs against what stat says of the tree they were made of.
let base = '';
let tree = '';

before(() => {
  base = mkdtempSync(join(tmpdir(), 'berth-tar-'));
  tree = join(base, 'tree');
  mkdirSync(join(tree, 'dir', 'd'.repeat(120), 'e'.repeat(120)), { recursive: true });
  writeFileSync(join(tree, 'dir', 'file'), 'content');
  writeFileSync(join(tree, 'dir', 'd'.repeat(120), 'e'.repeat(120), 'f'.repeat(120)), 'deep');
  writeFileSync(join(tree, 'Főtanúsítvány.crt'), 'x'.repeat(1025));
  writeFileSync(Buffer.concat([Buffer.from(`${tree}/`), Buffer.from([0xff, 0xfe])]), 'not utf-8');
  writeFileSync(join(tree, 'script'), '#!', { mode: 0o4755 });
  symlinkSync('l'.repeat(300), join(tree, 'longlink'));
  symlinkSync('dir/file', join(tree, 'shortlink'));
  linkSync(join(tree, 'dir', 'file'), join(tree, 'hardlink'));
  execFileSync('mkfifo', [join(tree, 'pipe')]);
  utimesSync(join(tree, 'script'), 1, 1_000_000_000.25);
  const holes = openSync(join(tree, 'holes'), 'w');
  for (let i = 0; i < 40; i++) writeSync(holes, `segment ${i}`, i * 65536);
  closeSync(holes);
  truncateSync(join(tree, 'holes'), 40 * 65536 + 777);
});

after(() => rmSync(base, { recursive: true, force: true }));

function read(archive: Buffer): Map<string, { readonly entry: TarEntry; readonly content: Buffer }> {
  const found = new Map<string, { readonly entry: TarEntry; readonly content: Buffer }>();
  let content = Buffer.alloc(0);
  let current: TarEntry | undefined;
  let cursor = new SparseCursor([]);
  const reader = new TarReader({
    entry: (entry) => {
      current = entry;
      content = Buffer.alloc(entry.fileSize);
      cursor = new SparseCursor(entry.segments ?? [{ offset: 0, length: entry.fileSize }]);
    },
    body: (chunk) => cursor.place(chunk, (part, position) => part.copy(content, position)),
    end: () =>
      current && found.set(current.path.replace(/^\.\//, '').replace(/\/$/, ''), { entry: current, content }),
  });
  for (let at = 0; at < archive.length; at += 10_007) reader.push(archive.subarray(at, at + 10_007));
  reader.close();
  return found;
}

const TYPES = { 0o100000: 'file', 0o040000: 'directory', 0o120000: 'symlink', 0o010000: 'fifo' } as Record<
  number,
  string
>;

function compare(archive: Buffer, { nanoseconds = false, sparse = false } = {}): void {
  const found = read(archive);
  assert.ok(found.size >= 11);
  let links = 0;
  for (const [path, { entry, content }] of found) {
    const bytes = Buffer.concat([
      Buffer.from(`${tree}/`),
      Buffer.from(path === '\udcff\udcfe' ? [0xff, 0xfe] : [...Buffer.from(path)]),
    ]);
    const stat = lstatSync(bytes, { bigint: true });
    assert.equal(entry.mode, Number(stat.mode & 0o7777n), path);
    assert.deepEqual([entry.uid, entry.gid], [Number(stat.uid), Number(stat.gid)], path);
    const mtime = nanoseconds ? stat.mtimeNs : (stat.mtimeNs / 1_000_000_000n) * 1_000_000_000n;
    assert.equal(entry.mtime, mtime, path);
    if (entry.type === 'link') links++;
    else assert.equal(entry.type, TYPES[Number(stat.mode & 0o170000n)], path);
    if (entry.type === 'symlink') assert.equal(entry.link, readlinkSync(bytes));
    if (entry.type === 'file') assert.ok(content.equals(readFileSync(bytes)), path);
  }
  assert.equal(links, 1);
  assert.equal(found.get('holes')?.entry.segments !== undefined, sparse);
}

const gnuTar = (...options: string[]): Buffer =>
  execFileSync('tar', ['-C', tree, '-cf', '-', ...options, '.'], { maxBuffer: 2 ** 28 });

for (const format of ['gnu', 'oldgnu', 'posix']) {
  test(`GNU tar, format ${format}`, () =>
    compare(gnuTar(`--format=${format}`), { nanoseconds: format === 'posix' }));
}
test('GNU tar, sparse, old format', () => compare(gnuTar('-S', '--format=gnu'), { sparse: true }));
for (const version of ['0.0', '0.1', '1.0']) {
  test(`GNU tar, sparse, PAX version ${version}`, () =>
    compare(gnuTar('-S', '--format=posix', `--sparse-version=${version}`), {
      sparse: true,
      nanoseconds: true,
    }));
}
test('GNU tar, huge numbers', () => {
  for (const format of ['gnu', 'posix']) {
    const archive = gnuTar(
      `--format=${format}`,
      '--owner=:4000000000',
      '--group=:2097152',
      '--mtime=@99999999999',
    );
    const entry = read(archive).get('script')?.entry;
    assert.deepEqual(
      [entry?.uid, entry?.gid, entry?.mtime],
      [4_000_000_000, 2_097_152, 99_999_999_999_000_000_000n],
    );
  }
});
test('bsdtar, PAX', { skip: !existsSync('/usr/bin/bsdtar') && 'bsdtar is not installed' }, () => {
  const archive = execFileSync('bsdtar', ['-C', tree, '-cf', '-', '--format=pax', '.'], {
    maxBuffer: 2 ** 28,
  });
  compare(archive, { nanoseconds: true, sparse: read(archive).get('holes')?.entry.segments !== undefined });
});

test('GNU tar reads what we write', () => {
  const long = `${'long/'.repeat(60)}name`;
  const archive = Buffer.concat([
    tarHeader({ path: 'dir', type: 'directory', mode: 0o1777, mtime: 5_000_000_000n }),
    tarHeader({
      path: long,
      type: 'file',
      mode: 0o4711,
      uid: 3_000_000,
      size: 5,
      mtime: 1_234_567_890_123_456_789n,
    }),
    Buffer.from('hello'),
    tarPadding(5),
    tarHeader({ path: 'ü', type: 'symlink', link: `${'t'.repeat(150)}ü`, mode: 0o777 }),
    tarHeader({ path: 'hard', type: 'link', link: long }),
    tarHeader({ path: 'null', type: 'char', major: 1, minor: 3, mode: 0o666 }),
    TAR_END,
  ]);
  const listing = execFileSync('tar', ['--numeric-owner', '--full-time', '-tvf', '-'], {
    input: archive,
    env: { ...process.env, LC_ALL: 'C.UTF-8', TZ: 'UTC' },
  });
  const lines = listing
    .toString()
    .trim()
    .split('\n')
    .map((line) => line.replace(/ +/g, ' '));
  assert.deepEqual(lines, [
    'drwxrwxrwt 0/0 0 1970-01-01 00:00:05 dir/',
    `-rws--x--x 3000000/0 5 2009-02-13 23:31:30.123456789 ${long}`,
    `lrwxrwxrwx 0/0 0 1970-01-01 00:00:00 ü -> ${'t'.repeat(150)}ü`,
    `h--------- 0/0 0 1970-01-01 00:00:00 hard link to ${long}`,
    'crw-rw-rw- 0/0 1,3 1970-01-01 00:00:00 null',
  ]);
});
