import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
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

test('what programs find in place of the v2 hierarchy is within our reach', { skip }, async (t) => {
  await using spawner = await openSpawner();
  if (spawner.unified === undefined) return t.skip('nothing is hidden on this host');
  const name = `linux-spawner-${process.pid}`;
  await run(spawner, sh(`mkdir -p /sys/fs/cgroup/unified/${name}/sub`));
  assert.equal(existsSync(join(spawner.unified, name, 'sub')), true);
  assert.equal(existsSync(`/sys/fs/cgroup/unified/${name}`), false, 'the host is unchanged');
  rmSync(join(spawner.unified, name), { recursive: true });
  assert.equal((await run(spawner, sh(`test -e /sys/fs/cgroup/unified/${name}`))).code, 1);
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
