import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { SystemError } from '../errno.ts';
import {
  bindMount,
  isMountPoint,
  listMounts,
  mountFileSystem,
  mountOverlay,
  mountTmpfs,
  shareMount,
  unmount,
} from './index.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
let root = '';

before(() => {
  if (skip) return;
  root = mkdtempSync('/tmp/linux-mount-');
  // An overlay cannot be the upper of another: a tmpfs works wherever /tmp lies.
  mountTmpfs(root, 'size=16m', { nodev: true });
});
after(async () => {
  if (skip) return;
  for (const entry of listMounts().toReversed())
    if (entry.mountPoint.startsWith(root)) await unmount(entry.mountPoint);
  rmSync(root, { recursive: true });
});

const directory = (...parts: string[]): string => {
  const path = join(root, ...parts);
  mkdirSync(path, { recursive: true });
  return path;
};

test('an overlay shows its lowers by order and writes to its upper', { skip }, async () => {
  const [top, bottom, upper, work, target] = ['top', 'bottom', 'up', 'work', 'm'].map((n) =>
    directory('plain', n),
  );
  assert.ok(top && bottom && upper && work && target);
  writeFileSync(join(top, 'who'), 'top');
  writeFileSync(join(bottom, 'who'), 'bottom');
  writeFileSync(join(bottom, 'only'), 'bottom');
  mountOverlay({ lowers: [top, bottom], upper, work, target });
  assert.equal(readFileSync(join(target, 'who'), 'utf8'), 'top');
  writeFileSync(join(target, 'new'), 'x');
  assert.deepEqual(readdirSync(upper), ['new']);
  assert.ok(isMountPoint(target));
  await unmount(target);
  await unmount(target);
  assert.ok(!isMountPoint(target));
});

test('paths with separators, and paths too long for fsconfig, are mounted too', { skip }, async () => {
  for (const name of ['a:b,c\\d e', `${'long/'.repeat(60)}end`]) {
    const [lower, upper, work, target] = ['l', 'u', 'w', 'm'].map((n) => directory('odd', n, name));
    assert.ok(lower && upper && work && target);
    writeFileSync(join(lower, 'file'), name);
    mountOverlay({ lowers: [lower], upper, work, target, volatile: true });
    assert.equal(readFileSync(join(target, 'file'), 'utf8'), name);
    await unmount(target);
  }
});

test('without an upper the overlay is read-only, with one lower or with two', { skip }, async () => {
  const [one, two, target] = ['one', 'two', 'm'].map((n) => directory('ro', n));
  assert.ok(one && two && target);
  for (const lowers of [[one], [one, two]]) {
    mountOverlay({ lowers, target });
    assert.throws(() => writeFileSync(join(target, 'x'), ''), { code: 'EROFS' });
    await unmount(target);
  }
});

test('a failure names the errno and the directory, and leaves nothing', { skip }, () => {
  const target = directory('fail', 'm');
  const mounts = () => listMounts().filter(({ mountPoint }) => mountPoint.startsWith(root)).length;
  const before = mounts();
  assert.throws(
    () => mountOverlay({ lowers: [join(root, 'missing')], upper: target, work: target, target }),
    (error) => error instanceof SystemError && error.code === 'ENOENT' && error.message.includes('missing'),
  );
  assert.equal(mounts(), before);
});

test('a NUL in a path is refused: the kernel would read the name before it', { skip }, async () => {
  await assert.rejects(unmount(`${root}\0/x`), /NUL/);
  assert.throws(() => bindMount(`${root}\0`, root), /NUL/);
  assert.ok(isMountPoint(root));
});

test('binds: read-only from the first instant, nodev kept, recursive, onto files and through symlinks', {
  skip,
}, async () => {
  const [source, sub, target] = [
    directory('bind', 's'),
    directory('bind', 's', 'sub'),
    directory('bind', 't'),
  ];
  mountTmpfs(sub, '');
  writeFileSync(join(sub, 'inner'), '1');
  bindMount(source, target, { readonly: true, recursive: true });
  assert.throws(() => writeFileSync(join(target, 'x'), ''), { code: 'EROFS' });
  assert.throws(() => writeFileSync(join(target, 'sub', 'x'), ''), { code: 'EROFS' });
  assert.equal(readFileSync(join(target, 'sub', 'inner'), 'utf8'), '1');
  const entry = listMounts().findLast((mount) => mount.mountPoint === target);
  assert.ok(entry?.options.includes('nodev') && entry.options.includes('ro'));
  await unmount(target);

  const file = join(root, 'bind', 'file');
  const link = join(root, 'bind', 'link');
  writeFileSync(file, '');
  symlinkSync('file', link);
  bindMount(join(sub, 'inner'), link);
  assert.equal(readFileSync(file, 'utf8'), '1');
  await unmount(file);
  assert.equal(readFileSync(file, 'utf8'), '');
});

test('a directory is shared once', { skip }, async () => {
  const shared = directory('shared');
  assert.equal(shareMount(shared), true);
  assert.equal(shareMount(shared), false);
  await unmount(shared);
  assert.equal(isMountPoint(shared), false);
});

test('file systems by the words of mount(8)', { skip }, async () => {
  const target = directory('fs');
  mountFileSystem('tmpfs', 'none', target, 'ro,nosuid,rw,size=1m,mode=700');
  const entry = listMounts().findLast((mount) => mount.mountPoint === target);
  assert.ok(entry?.options.includes('nosuid') && entry.options.includes('rw'));
  await unmount(target);
  mountFileSystem('none', directory('src'), target, 'bind,ro');
  assert.throws(() => writeFileSync(join(target, 'x'), ''), { code: 'EROFS' });
  await unmount(target);
});
