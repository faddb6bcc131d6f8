import assert from 'node:assert/strict';
import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import {
  fileSystem,
  getXattr,
  lchown,
  listXattrs,
  makeFifo,
  makeNode,
  openInRoot,
  removeXattr,
  setTimes,
  setXattr,
  syncFs,
  tryLock,
} from '#linux/files';

const root = mkdtempSync('/var/tmp/berth-files-');
after(() => rmSync(root, { recursive: true }));
const at = (name: string) => join(root, name);

test('extended attributes of any size come back; a missing one is undefined', () => {
  writeFileSync(at('x'), '');
  assert.equal(getXattr(at('x'), 'user.none'), undefined);
  assert.deepEqual(listXattrs(at('x')), []);
  for (const size of [0, 255, 256, 257, 3000]) {
    const value = Buffer.alloc(size, 7);
    setXattr(at('x'), 'user.some', value);
    assert.deepEqual(getXattr(at('x'), 'user.some'), value);
  }
  setXattr(at('x'), 'trusted.b', Buffer.from('1'));
  assert.deepEqual(listXattrs(at('x')), ['trusted.b', 'user.some']);
  removeXattr(at('x'), 'user.some');
  assert.deepEqual(listXattrs(at('x')), ['trusted.b']);
});

test('device numbers of any size survive mknod', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xfff }), fc.integer({ min: 0, max: 0xfffff }), (major, minor) => {
      makeNode(at('node'), constants.S_IFCHR | 0o600, major, minor);
      const { rdev } = lstatSync(at('node'), { bigint: true });
      rmSync(at('node'));
      assert.equal(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn), BigInt(major));
      assert.equal((rdev & 0xffn) | ((rdev >> 12n) & ~0xffn), BigInt(minor));
    }),
    { numRuns: 50 },
  );
});

test('times to the nanosecond, before the epoch too, on the link itself', () => {
  symlinkSync('/nowhere', at('link'));
  for (const time of [0n, -1n, 1_600_000_000_123_456_789n, -5_000_000_001n]) {
    setTimes(at('link'), time, time);
    assert.equal(lstatSync(at('link'), { bigint: true }).mtimeNs, time);
  }
});

test('owners of a symlink change, not those of its target', () => {
  writeFileSync(at('target'), '');
  symlinkSync(at('target'), at('to-target'));
  lchown(at('to-target'), 12, 34);
  assert.equal(lstatSync(at('to-target')).uid, 12);
  assert.equal(lstatSync(at('target')).uid, 0);
});

test('a FIFO is made', () => {
  makeFifo(at('fifo'), 0o600);
  assert.ok(lstatSync(at('fifo')).isFIFO());
});

test('one holder of a lock at a time', () => {
  writeFileSync(at('lock'), '');
  const [first, second] = [openSync(at('lock'), 'r'), openSync(at('lock'), 'r')];
  assert.equal(tryLock(first), true);
  assert.equal(tryLock(second), false);
  closeSync(first);
  assert.equal(tryLock(second), true);
  closeSync(second);
});

test('no path leads out of a root', () => {
  mkdirSync(at('jail/etc'), { recursive: true });
  writeFileSync(at('jail/etc/passwd'), 'inside');
  symlinkSync('/etc', at('jail/absolute'));
  symlinkSync('../../../../../../etc', at('jail/relative'));
  for (const path of [
    'etc/passwd',
    '/etc/passwd',
    'absolute/passwd',
    'relative/passwd',
    '../../../../etc/passwd',
  ]) {
    const fd = openInRoot(at('jail'), path, constants.O_RDONLY);
    assert.equal(readFileSync(fd, 'utf8'), 'inside', path);
    closeSync(fd);
  }
  assert.throws(() => openInRoot(at('jail'), 'missing', constants.O_RDONLY), { code: 'ENOENT' });
});

test('the file system is told and synced', async () => {
  assert.ok(fileSystem(root).totalBytes > fileSystem(root).freeBytes);
  assert.equal(fileSystem('/dev/shm').type, 'tmpfs');
  await syncFs(root);
});
