import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import {
  fileSystem,
  getXattr,
  listXattrs,
  makeFifo,
  makeNode,
  openInRoot,
  removeTree,
  setTimes,
  setXattr,
  syncFs,
  tryLock,
} from './index.ts';

let root = '';
before(() => {
  root = mkdtempSync('/tmp/linux-files-');
});
after(() => rmSync(root, { recursive: true }));

test('extended attributes: any bytes, any length, not through symlinks', (t) => {
  const path = join(root, 'xattr');
  writeFileSync(path, '');
  try {
    setXattr(path, 'user.probe', Buffer.from('x'));
  } catch {
    return t.skip('no user attributes on this file system');
  }
  const contents = fc.uint8Array({ maxLength: 1500 });
  fc.assert(
    fc.property(contents, (value) => {
      setXattr(path, 'user.a', value);
      assert.deepEqual(getXattr(path, 'user.a'), Buffer.from(value));
    }),
  );
  for (let count = 0; count < 40; count++) setXattr(path, `user.name-${count}`, Buffer.from('v'));
  assert.equal(listXattrs(path).filter((name) => /^user\.(a|name-\d+)$/.test(name)).length, 41);
  assert.equal(getXattr(path, 'user.none'), undefined);
  symlinkSync('xattr', join(root, 'link'));
  assert.equal(getXattr(join(root, 'link'), 'user.a'), undefined);
  assert.throws(() => getXattr(join(root, 'missing'), 'user.a'), {
    code: 'ENOENT',
    message: /missing, user\.a/,
  });
  assert.deepEqual(listXattrs('/proc/self/status'), []);
});

test('names are bytes, not all of them text', () => {
  const name = (text: string) => Buffer.from(join(root, text), 'latin1');
  const seen = () => readdirSync(root, { encoding: 'buffer' }).map((bytes) => bytes.toString('latin1'));
  makeFifo(name('caf\xe9'), 0o600);
  setTimes(name('caf\xe9'), 1n, 2n);
  const { atimeNs, mtimeNs } = lstatSync(name('caf\xe9'), { bigint: true });
  assert.deepEqual([atimeNs, mtimeNs], [1n, 2n]);
  assert.deepEqual(listXattrs(name('caf\xe9')), []);
  assert.equal(getXattr(name('caf\xe9'), 'user.none'), undefined);
  assert.throws(() => makeFifo(name('cut\0off'), 0o600), { kind: 'invalid' });
  assert.deepEqual(
    seen().filter((found) => /^(caf|cut)/.test(found)),
    ['caf\xe9'],
  );
});

test('times in nanoseconds, before the epoch too, of a symlink itself', () => {
  const path = join(root, 'times');
  symlinkSync('/nowhere', path);
  const second = 1_000_000_000n;
  fc.assert(
    fc.property(fc.bigInt({ min: -(1n << 30n) * second, max: (1n << 32n) * second }), (time) => {
      setTimes(path, time, -1n);
      const { atimeNs, mtimeNs } = lstatSync(path, { bigint: true });
      return atimeNs === time && mtimeNs === -1n;
    }),
  );
});

test('a FIFO; a device number that cannot be', () => {
  const path = join(root, 'fifo');
  makeFifo(path, 0o600);
  assert.ok(lstatSync(path).isFIFO());
  assert.throws(() => makeFifo(path, 0o600), { code: 'EEXIST' });
  assert.throws(() => makeNode(join(root, 'dev'), constants.S_IFCHR, -1, 0), { kind: 'invalid' });
});

test('a lock has one holder, and ends with its descriptor', () => {
  const path = join(root, 'lock');
  writeFileSync(path, '');
  const [one, two] = [openSync(path, 'r'), openSync(path, 'r')];
  assert.equal(tryLock(one), true);
  assert.equal(tryLock(one), true);
  assert.equal(tryLock(two), false);
  closeSync(one);
  assert.equal(tryLock(two), true);
  closeSync(two);
});

const readIn = (path: string) => {
  const fd = openInRoot(join(root, 'jail'), path, constants.O_RDONLY);
  try {
    const buffer = Buffer.alloc(100);
    return buffer.toString('utf8', 0, readSync(fd, buffer));
  } finally {
    closeSync(fd);
  }
};

test('no path leads out of a root', () => {
  writeFileSync(join(root, 'secret'), 'outside');
  mkdirSync(join(root, 'jail', 'etc'), { recursive: true });
  writeFileSync(join(root, 'jail', 'etc', 'passwd'), 'inside');
  writeFileSync(join(root, 'jail', 'secret'), 'inside too');
  symlinkSync('/etc/passwd', join(root, 'jail', 'absolute'));
  symlinkSync('../../../../../../etc/passwd', join(root, 'jail', 'etc', 'up'));
  symlinkSync('loop', join(root, 'jail', 'loop'));
  symlinkSync('/proc/self/root', join(root, 'jail', 'magic'));
  for (const path of ['/etc/passwd', 'etc/passwd', 'absolute', '/etc/up', '../../etc/passwd'])
    assert.equal(readIn(path), 'inside');
  assert.equal(readIn('../secret'), 'inside too');
  assert.throws(() => readIn('loop'), { code: 'ELOOP' });
  assert.throws(() => readIn('magic'), { code: 'ENOENT' });
  assert.throws(() => readIn(`../${'x'}\0`), /NUL/);
  // Whatever the path, what opens lies below the root.
  const parts = fc.array(
    fc.constantFrom('..', '.', '/', 'etc', 'up', 'absolute', 'passwd', 'secret', 'magic'),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(parts, (list) => {
      let fd: number;
      try {
        fd = openInRoot(join(root, 'jail'), list.join('/'), constants.O_RDONLY);
      } catch {
        return true;
      }
      const found = readlinkSync(`/proc/self/fd/${fd}`);
      closeSync(fd);
      return found === join(root, 'jail') || found.startsWith(`${join(root, 'jail')}/`);
    }),
  );
});

test('files are made in a root with their mode, and descriptors are not inherited', () => {
  const fd = openInRoot(
    join(root, 'jail'),
    '/new',
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL,
    0o640,
  );
  assert.equal(statSync(join(root, 'jail', 'new')).mode & 0o777, 0o640);
  assert.match(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'), /flags:\s+02\d{6}/);
  closeSync(fd);
});

test('magic links are refused even where they would stay inside', () => {
  const attempt = () => openInRoot('/proc', `${process.pid}/root`, constants.O_RDONLY);
  assert.throws(attempt, { code: 'ELOOP' });
});

test('file systems by name; sync', async () => {
  assert.equal(fileSystem('/proc').type, 'proc');
  const { totalBytes, freeBytes } = fileSystem(root);
  assert.ok(totalBytes > freeBytes && freeBytes >= 0);
  await syncFs(root);
  await assert.rejects(syncFs(join(root, 'missing')), { code: 'ENOENT' });
});

test('a tree is removed, no symlink is followed, nothing missing is minded', () => {
  const tree = join(root, 'tree');
  const keep = join(root, 'keep');
  mkdirSync(join(tree, 'sub', 'empty'), { recursive: true });
  writeFileSync(keep, 'x');
  writeFileSync(join(tree, 'sub', 'file'), '');
  symlinkSync(root, join(tree, 'link'));
  removeTree(tree);
  removeTree(tree);
  assert.equal(existsSync(tree), false);
  assert.equal(readFileSync(keep, 'utf8'), 'x');
});

test('importing this folder loads no libnftables', () => {
  const script = `await import(${JSON.stringify(import.meta.resolve('./index.ts'))}); const { readFileSync } = await import('node:fs'); process.exit(readFileSync('/proc/self/maps', 'utf8').includes('nftables') ? 1 : 0);`;
  const { status } = spawnSync(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    '--input-type=module',
    '-e',
    script,
  ]);
  assert.equal(status, 0);
});
