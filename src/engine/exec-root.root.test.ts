import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileSystem } from '#linux/files';
import { isMountPoint, listMounts } from '#linux/mount';
import { keepInMemory, letMemoryGo } from './exec-root.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
let directory = '';
before(() => {
  directory = mkdtempSync('/var/tmp/berth-exec-root-');
});
after(() => rmSync(directory, { recursive: true }));

test('an exec root on disk gets memory of its own, once, and gives it back', { skip }, async () => {
  const root = join(directory, 'new');
  assert.equal(keepInMemory(root), true);
  assert.equal(fileSystem(root).type, 'tmpfs');
  assert.equal(statSync(root).mode & 0o7777, 0o711);
  assert.match(
    String(listMounts().findLast(({ mountPoint }) => mountPoint === root)?.propagation),
    /shared:/,
  );
  assert.equal(keepInMemory(root), false, 'a restart finds it');
  await letMemoryGo(root);
  assert.equal(isMountPoint(root), false);
  await letMemoryGo(root);
});

test('what an engine has left is neither covered nor let go', { skip }, async () => {
  const onDisk = join(directory, 'older');
  mkdirSync(join(onDisk, 'bundles'), { recursive: true });
  assert.equal(keepInMemory(onDisk), false);
  assert.equal(isMountPoint(onDisk), false);

  const root = join(directory, 'busy');
  assert.equal(keepInMemory(root), true);
  mkdirSync(join(root, 'bundles/one'), { recursive: true });
  await letMemoryGo(root);
  assert.deepEqual(readdirSync(join(root, 'bundles')), ['one']);
  rmSync(join(root, 'bundles/one'), { recursive: true });
  await letMemoryGo(root);
  assert.equal(isMountPoint(root), false);
});

test('one that lies in memory stays as it is, and so does a lock of an engine that ended', {
  skip,
}, async () => {
  const root = join(directory, 'locked');
  mkdirSync(root);
  writeFileSync(join(root, 'engine.lock'), '1\n');
  assert.equal(keepInMemory(root), true);
  assert.equal(keepInMemory(join(root, 'below')), false);
  await letMemoryGo(root);
  assert.deepEqual(readdirSync(root), ['engine.lock']);
});

test('in a mount namespace of its own nothing is mounted: the next engine would not find it', {
  skip,
}, () => {
  const root = join(directory, 'private');
  const script = `import { keepInMemory } from ${JSON.stringify(import.meta.resolve('./exec-root.ts'))};
    console.log(keepInMemory(${JSON.stringify(root)}));`;
  const node = [
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    '--input-type=module',
    '-e',
    script,
  ];
  assert.equal(execFileSync('unshare', ['-m', ...node], { encoding: 'utf8' }), 'false\n');
});
