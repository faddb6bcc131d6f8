import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readStat } from '../proc/index.ts';
import { DirectSpawner, wait } from '../process/index.ts';
import { Cgroup, cgroupLayout } from './index.ts';
import { CGROUP_ROOT, hierarchies } from './layout.ts';

const usable = process.getuid?.() === 0 && existsSync(CGROUP_ROOT) && hierarchies(CGROUP_ROOT).length > 0;
const skip = usable ? false : 'needs root and cgroups';
const path = `/linux-test-${process.pid}/c`;
const spawner = new DirectSpawner();
const directories = () => hierarchies(CGROUP_ROOT).map((hierarchy) => join(hierarchy, path));

before(() => {
  if (skip) return;
  for (const directory of directories()) {
    mkdirSync(directory, { recursive: true });
    // A v1 cpuset takes no process before it has processors and memory nodes.
    for (const each of [join(directory, '..'), directory]) {
      for (const file of ['cpuset.cpus', 'cpuset.mems']) {
        const parent = join(each, '..', file);
        if (cgroupLayout() !== 'v2' && existsSync(parent))
          writeFileSync(join(each, file), readFileSync(parent));
      }
    }
  }
});
after(async () => {
  if (!skip) await new Cgroup(`/linux-test-${process.pid}`).remove({ kill: true });
});

/** A process that counts into its own CPU time, in all hierarchies. */
async function busy(): Promise<number> {
  const pid = await spawner.spawn({ path: '/bin/sh', argv: ['sh', '-c', 'while :; do :; done'], env: [] });
  for (const directory of directories()) writeFileSync(join(directory, 'cgroup.procs'), String(pid));
  return pid;
}

test('statistics, processes, freezing, and removal with what is left', { skip }, async () => {
  const cgroup = new Cgroup(path);
  const pid = await busy();
  await sleep(50);
  assert.ok(cgroup.exists());
  assert.deepEqual(await cgroup.processes(), [pid]);
  const { cpu, memory } = await cgroup.stats();
  assert.ok(cpu.usage > 0n && memory.limit > 0);
  assert.equal(await cgroup.oomKills(), 0);

  await cgroup.freeze();
  await cgroup.freeze();
  const ticks = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ').slice(13, 15).join();
  const before = ticks();
  await sleep(50);
  assert.equal(ticks(), before);
  await cgroup.thaw();
  await sleep(50);
  assert.notEqual(ticks(), before);

  await assert.rejects(cgroup.remove(), {
    kind: 'conflict',
    message: new RegExp(`in use by process ${pid}`),
  });
  assert.equal(readStat(pid)?.state === 'Z', false);
  await cgroup.freeze();
  const removed = cgroup.remove({ kill: true });
  assert.equal((await wait(pid))?.code, 137);
  await removed;
  assert.equal(cgroup.exists(), false);
});
