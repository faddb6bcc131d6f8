import assert from 'node:assert/strict';
import { constants, existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { mountTmpfs, unmount } from '../mount/index.ts';
import { getXattr, makeNode, removeTree, setXattr } from './index.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
let root = '';
before(() => {
  if (skip) return;
  root = mkdtempSync('/tmp/linux-files-');
  mountTmpfs(root, 'size=1m');
});
after(async () => {
  if (skip) return;
  await unmount(root);
  rmSync(root, { recursive: true });
});

/** glibc's major(3) and minor(3). */
const split = (device: bigint) => [
  Number(((device >> 32n) & 0xfffff000n) | ((device >> 8n) & 0xfffn)),
  Number(((device >> 12n) & 0xffffff00n) | (device & 0xffn)),
];

test('devices: whiteouts, large numbers, blocks', { skip }, () => {
  for (const [name, type, major, minor] of [
    ['whiteout', constants.S_IFCHR, 0, 0],
    ['null', constants.S_IFCHR, 1, 3],
    ['large', constants.S_IFBLK, 0xfff, 0xfffff],
    ['minor', constants.S_IFCHR, 10, 300],
  ] as const) {
    const path = join(root, name);
    makeNode(path, type | 0o600, major, minor);
    const { rdev, mode } = lstatSync(path, { bigint: true });
    assert.deepEqual([split(rdev), Number(mode) & constants.S_IFMT], [[major, minor], type], name);
  }
});

test('attributes of a symlink itself', { skip }, () => {
  const path = join(root, 'link');
  symlinkSync('/etc/hostname', path);
  setXattr(path, 'trusted.overlay.opaque', Buffer.from('y'));
  assert.equal(String(getXattr(path, 'trusted.overlay.opaque')), 'y');
});

test('a cgroup goes with its children, whose files nobody can unlink', { skip }, (t) => {
  const parent = ['/sys/fs/cgroup/pids', '/sys/fs/cgroup'].find((path) =>
    existsSync(join(path, 'cgroup.procs')),
  );
  if (!parent) return t.skip('no cgroup file system');
  const tree = join(parent, `linux-files-${process.pid}`);
  mkdirSync(join(tree, 'child'), { recursive: true });
  removeTree(tree);
  assert.equal(existsSync(tree), false);
});
