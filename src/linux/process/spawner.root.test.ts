import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isMountPoint, mountTmpfs, shareMount, unmount } from '../mount/index.ts';
import { openSpawner, run } from './index.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const env = ['PATH=/usr/bin:/bin'];
const sh = (script: string) => ({ path: '/bin/sh', argv: ['sh', '-c', script], env });

test('programs run where crun can work: no v2 controllers beside v1 ones', { skip }, async () => {
  await using spawner = await openSpawner();
  const hybrid = existsSync('/sys/fs/cgroup/unified/cgroup.controllers');
  const { stdout } = await run(spawner, sh('cat /sys/fs/cgroup/unified/cgroup.controllers 2>/dev/null'));
  assert.equal(String(stdout).trim(), '');
  assert.equal(existsSync('/sys/fs/cgroup/unified/cgroup.controllers'), hybrid, 'the host is unchanged');
  if (spawner.isolated) {
    const seen = await run(spawner, sh('readlink /proc/self/ns/mnt'));
    assert.notEqual(String(seen.stdout).trim(), readlinkSync('/proc/self/ns/mnt'));
  }
});

test('mounts below a shared directory are seen by programs, made before or after', { skip }, async () => {
  const root = mkdtempSync('/tmp/linux-spawner-');
  shareMount(root);
  try {
    await using spawner = await openSpawner();
    const late = join(root, 'late');
    mkdirSync(late);
    mountTmpfs(late, '');
    writeFileSync(join(late, 'file'), 'seen');
    assert.equal(String((await run(spawner, sh(`cat ${late}/file`))).stdout), 'seen');
    await unmount(late);
    assert.equal((await run(spawner, sh(`cat ${late}/file`))).code, 1);
  } finally {
    await unmount(root);
    assert.equal(isMountPoint(root), false);
    rmSync(root, { recursive: true });
  }
});

test('failures of the thread say what was wrong', { skip }, async () => {
  await using spawner = await openSpawner();
  await assert.rejects(spawner.spawn({ path: '/no/such', argv: ['x'], env }), {
    kind: 'system',
    code: 'ENOENT',
    call: 'posix_spawn',
  });
  await assert.rejects(spawner.spawn({ path: 'a\0b', argv: ['x'], env }), { kind: 'invalid' });
});

test('removeTree removes what is there, follows no symlink, minds nothing missing', { skip }, async () => {
  await using spawner = await openSpawner();
  const root = mkdtempSync('/tmp/linux-spawner-');
  const keep = join(root, 'keep');
  mkdirSync(join(root, 'tree', 'sub'), { recursive: true });
  writeFileSync(join(root, 'tree', 'sub', 'cgroup.procs'), '');
  writeFileSync(keep, 'x');
  symlinkSync(root, join(root, 'tree', 'link'));
  await spawner.removeTree(join(root, 'tree'));
  await spawner.removeTree(join(root, 'tree'));
  assert.equal(existsSync(join(root, 'tree')), false);
  assert.equal(readFileSync(keep, 'utf8'), 'x');
  rmSync(root, { recursive: true });
});

test('removeTree removes a cgroup with its children, whose files nobody can unlink', { skip }, async (t) => {
  const parent = ['/sys/fs/cgroup/pids', '/sys/fs/cgroup'].find((path) =>
    existsSync(join(path, 'cgroup.procs')),
  );
  if (!parent) return t.skip('no cgroup file system');
  await using spawner = await openSpawner();
  const tree = join(parent, `linux-spawner-${process.pid}`);
  mkdirSync(join(tree, 'child'), { recursive: true });
  await spawner.removeTree(tree);
  assert.equal(existsSync(tree), false);
});

test('an idle spawner does not keep the process running; a closed one refuses', { skip }, async () => {
  const spawner = await openSpawner();
  const script = `const { openSpawner } = await import(${JSON.stringify(import.meta.resolve('./index.ts'))}); await openSpawner(); console.log('open');`;
  const alone = await run(spawner, {
    path: process.execPath,
    argv: ['node', '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script],
    env,
  });
  assert.deepEqual([alone.code, String(alone.stdout)], [0, 'open\n'], String(alone.stderr));
  const { isolated } = spawner;
  await spawner[Symbol.asyncDispose]();
  if (isolated) await assert.rejects(spawner.spawn(sh('true')), { kind: 'unavailable' });
});
