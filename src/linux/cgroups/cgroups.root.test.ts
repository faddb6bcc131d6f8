import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readStat } from '../proc/index.ts';
import { DirectSpawner, wait } from '../process/index.ts';
import { Cgroup, cgroupLayout } from './index.ts';
import { CGROUP_ROOT, hierarchies } from './layout.ts';

const isRoot = process.getuid?.() === 0;
// What the host has, and on a hybrid host its v2 hierarchy too, which is a whole v2 root by itself.
const roots = [CGROUP_ROOT, join(CGROUP_ROOT, 'unified')].filter(
  (root) => existsSync(root) && hierarchies(root).length > 0,
);
const skip = isRoot && roots.length > 0 ? false : 'needs root and cgroups';
const parent = `/linux-test-${process.pid}`;
const path = `${parent}/c`;
const spawner = new DirectSpawner();

after(async () => {
  if (skip) return;
  for (const root of roots) await new Cgroup(parent, root).remove({ kill: true });
});

/** Makes the cgroup in every hierarchy, with a process in it that uses the CPU. */
async function busy(root: string): Promise<number> {
  const pid = await spawner.spawn({ path: '/bin/sh', argv: ['sh', '-c', 'while :; do :; done'], env: [] });
  for (const hierarchy of hierarchies(root)) {
    for (const directory of [join(hierarchy, parent), join(hierarchy, path)]) {
      mkdirSync(directory, { recursive: true });
      // A v1 cpuset takes no process before it has processors and memory nodes.
      for (const file of ['cpuset.cpus', 'cpuset.mems']) {
        const above = join(directory, '..', file);
        if (cgroupLayout(root) !== 'v2' && existsSync(above))
          writeFileSync(join(directory, file), readFileSync(above));
      }
    }
    writeFileSync(join(hierarchy, path, 'cgroup.procs'), String(pid));
  }
  return pid;
}

for (const root of roots) {
  test(`${root}: statistics, processes, freezing, and removal with what is left`, { skip }, async () => {
    const cgroup = new Cgroup(path, root);
    const pid = await busy(root);
    await sleep(50);
    assert.ok(cgroup.exists());
    assert.deepEqual(await cgroup.processes(), [pid]);
    const { cpu, memory } = await cgroup.stats();
    assert.ok(cpu.usage > 0n && memory.limit > 0);
    assert.equal(cgroup.oomKills(), 0);

    await cgroup.freeze();
    await cgroup.freeze();
    const ticks = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ').slice(13, 15).join();
    const before = ticks();
    await sleep(50);
    assert.equal(ticks(), before);
    await cgroup.thaw();
    await untilDifferent(ticks, before);

    await assert.rejects(cgroup.remove(), {
      kind: 'conflict',
      message: new RegExp(`in use by process ${pid}`),
    });
    assert.equal(readStat(pid)?.state, 'R');
    await cgroup.freeze();
    const removed = cgroup.remove({ kill: true });
    assert.equal((await wait(pid))?.code, 137);
    await removed;
    assert.equal(cgroup.exists(), false);
  });
}

async function untilDifferent(read: () => string, before: string): Promise<void> {
  for (let tries = 0; tries < 100 && read() === before; tries++) await sleep(10);
  assert.notEqual(read(), before);
}
