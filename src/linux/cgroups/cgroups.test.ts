import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { parseKeyed, parseValue } from './files.ts';
import { Cgroup, cgroupLayout, controllers } from './index.ts';
import { parseBlkio } from './stats-v1.ts';
import { parseIoStat } from './stats-v2.ts';

let root = '';
before(() => {
  root = mkdtempSync('/tmp/linux-cgroups-');
});
after(() => rmSync(root, { recursive: true }));

/** A directory that looks like a cgroup mount. */
function fixture(name: string, files: Readonly<Record<string, string>>): string {
  const base = join(root, name);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(base, path)), { recursive: true });
    writeFileSync(join(base, path), content);
  }
  return base;
}

test('layouts and controllers', () => {
  const v2 = fixture('layout-v2', { 'cgroup.controllers': 'cpuset cpu io memory pids\n' });
  const v1 = fixture('layout-v1', {
    'cpu,cpuacct/cgroup.procs': '',
    'memory/cgroup.procs': '',
    'systemd/cgroup.procs': '',
  });
  symlinkSync('cpu,cpuacct', join(v1, 'cpu'));
  const hybrid = fixture('layout-hybrid', {
    'pids/cgroup.procs': '',
    'unified/cgroup.controllers': 'hugetlb\n',
  });
  assert.deepEqual(
    [v2, v1, hybrid, join(root, 'none')].map((base) => cgroupLayout(base)),
    ['v2', 'v1', 'hybrid', 'v1'],
  );
  assert.deepEqual([...controllers(v2)], ['cpuset', 'cpu', 'io', 'memory', 'pids']);
  assert.deepEqual([...controllers(v1)].sort(), ['cpu', 'cpuacct', 'memory']);
  assert.deepEqual([...controllers(hybrid)], ['pids']);
  assert.deepEqual([...controllers(join(root, 'none'))], []);
});

test('statistics on v2', async () => {
  const base = fixture('v2', {
    'cgroup.controllers': 'cpu io memory pids\n',
    'berth/c1/cpu.stat':
      'usage_usec 5000\nuser_usec 3000\nsystem_usec 2000\nnr_periods 7\nnr_throttled 2\nthrottled_usec 9\n',
    'berth/c1/memory.current': '1048576\n',
    'berth/c1/memory.peak': '2097152\n',
    'berth/c1/memory.max': 'max\n',
    'berth/c1/memory.events': 'low 0\nhigh 0\nmax 4\noom 3\noom_kill 2\n',
    'berth/c1/memory.stat': 'anon 100\ninactive_file 50\n',
    'berth/c1/pids.current': '3\n',
    'berth/c1/pids.max': 'max\n',
    'berth/c1/io.stat': '8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n7:1 \n',
    'berth/c1/cgroup.procs': '30\n4\n',
    'berth/c1/nested/cgroup.procs': '5\n30\n',
  });
  const cgroup = new Cgroup('/berth/c1', base);
  const device = { major: 8, minor: 0 };
  assert.deepEqual(await cgroup.stats(), {
    cpu: {
      usage: 5_000_000n,
      user: 3_000_000n,
      system: 2_000_000n,
      periods: 7,
      throttledPeriods: 2,
      throttledTime: 9000n,
    },
    memory: {
      usage: 1048576,
      maxUsage: 2097152,
      limit: totalmem(),
      failcnt: 3,
      stats: { anon: 100, inactive_file: 50 },
    },
    pids: { current: 3 },
    blkio: {
      ioServiceBytes: [
        { ...device, op: 'read', value: 1 },
        { ...device, op: 'write', value: 2 },
        { ...device, op: 'discard', value: 5 },
      ],
      ioServiced: [
        { ...device, op: 'read', value: 3 },
        { ...device, op: 'write', value: 4 },
        { ...device, op: 'discard', value: 6 },
      ],
    },
  });
  assert.equal(cgroup.oomKills(), 2);
  assert.deepEqual(await cgroup.processes(), [4, 5, 30]);
  writeFileSync(join(base, 'berth/c1/memory.max'), '4096\n');
  writeFileSync(join(base, 'berth/c1/pids.max'), '10\n');
  const limited = await cgroup.stats();
  assert.deepEqual([limited.memory.limit, limited.pids.limit], [4096, 10]);
});

test('v2 with no controller enabled still has CPU time', async () => {
  const base = fixture('v2-bare', { 'cgroup.controllers': '', 'c/cpu.stat': 'usage_usec 1\n' });
  const stats = await new Cgroup('/c', base).stats();
  assert.deepEqual(
    [stats.cpu.usage, stats.memory.usage, stats.memory.limit, stats.pids],
    [1000n, 0, totalmem(), { current: 0 }],
  );
});

test('statistics on v1, with joint and with separate hierarchies', async () => {
  const files = (cpu: string, cpuacct: string) => ({
    [`${cpuacct}/b/c1/cpuacct.usage`]: '123456789\n',
    [`${cpuacct}/b/c1/cpuacct.stat`]: 'user 7\nsystem 5\n',
    [`${cpuacct}/b/c1/cpuacct.usage_percpu`]: '100 200 \n',
    [`${cpu}/b/c1/cpu.stat`]: 'nr_periods 1\nnr_throttled 2\nthrottled_time 3\nnr_bursts 0\n',
    'memory/b/c1/memory.usage_in_bytes': '4096\n',
    'memory/b/c1/memory.max_usage_in_bytes': '8192\n',
    'memory/b/c1/memory.limit_in_bytes': '9223372036854771712\n',
    'memory/b/c1/memory.failcnt': '6\n',
    'memory/b/c1/memory.stat': 'cache 1\ntotal_inactive_file 2\n',
    'memory/b/c1/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 8\n',
    'pids/b/c1/pids.current': '2\n',
    'pids/b/c1/pids.max': '64\n',
    'pids/b/c1/cgroup.procs': '9\n',
    'blkio/b/c1/blkio.throttle.io_service_bytes': '8:0 Read 1\n8:0 Write 2\n8:0 Total 3\nTotal 3\n',
    'blkio/b/c1/blkio.throttle.io_serviced_recursive': '8:16 Async 4\nTotal 4\n',
  });
  const joint = fixture('v1-joint', files('cpu,cpuacct', 'cpu,cpuacct'));
  for (const name of ['cpu', 'cpuacct']) symlinkSync('cpu,cpuacct', join(joint, name));
  for (const base of [joint, fixture('v1-separate', files('cpu', 'cpuacct'))]) {
    const cgroup = new Cgroup('/b/c1', base);
    assert.deepEqual(await cgroup.stats(), {
      cpu: {
        usage: 123456789n,
        user: 70_000_000n,
        system: 50_000_000n,
        perCpu: [100n, 200n],
        periods: 1,
        throttledPeriods: 2,
        throttledTime: 3n,
      },
      memory: {
        usage: 4096,
        maxUsage: 8192,
        limit: totalmem(),
        failcnt: 6,
        stats: { cache: 1, total_inactive_file: 2 },
      },
      pids: { current: 2, limit: 64 },
      blkio: {
        ioServiceBytes: [
          { major: 8, minor: 0, op: 'read', value: 1 },
          { major: 8, minor: 0, op: 'write', value: 2 },
          { major: 8, minor: 0, op: 'total', value: 3 },
        ],
        ioServiced: [{ major: 8, minor: 16, op: 'async', value: 4 }],
      },
    });
    assert.equal(cgroup.oomKills(), 8);
    assert.deepEqual(await cgroup.processes(), [9]);
  }
});

test('a cgroup that is not there', async () => {
  const base = fixture('empty', { 'cgroup.controllers': '' });
  const cgroup = new Cgroup('/gone', base);
  assert.equal(cgroup.exists(), false);
  await assert.rejects(cgroup.stats(), { kind: 'not-found' });
  await assert.rejects(cgroup.freeze(), { kind: 'not-found' });
  assert.deepEqual(await cgroup.processes(), []);
  assert.equal(cgroup.oomKills(), 0);
  await cgroup.remove({ kill: true });
});

test('removal takes children first, in every hierarchy, and nothing beside', async () => {
  for (const [name, files, dirs] of [
    ['rm-v2', { 'cgroup.controllers': '' }, ['b/c/x/y', 'b/c/z', 'b/other']],
    ['rm-v1', {}, ['memory/b/c/x', 'pids/b/c', 'pids/b/other']],
  ] as const) {
    const base = fixture(name, files);
    for (const dir of dirs) mkdirSync(join(base, dir), { recursive: true });
    await new Cgroup('/b/c', base).remove();
    for (const dir of dirs) assert.equal(existsSync(join(base, dir)), dir.includes('other'), dir);
  }
});

test('freezing on v2 writes and waits for the event', async () => {
  const base = fixture('freeze', {
    'cgroup.controllers': '',
    'c/cgroup.freeze': '0',
    'c/cgroup.events': 'populated 1\nfrozen 0\n',
  });
  const freezing = new Cgroup('/c', base).freeze();
  setTimeout(() => writeFileSync(join(base, 'c/cgroup.events'), 'populated 1\nfrozen 1\n'), 20);
  await freezing;
  assert.equal(readFileSync(join(base, 'c/cgroup.freeze'), 'utf8'), '1');
});

test('paths that could name something else are refused', () => {
  for (const path of ['', '/', 'berth/x', '/berth/../x', '/berth//x', '/./x', '/x/', '/x\0y']) {
    assert.throws(() => new Cgroup(path), { kind: 'invalid' }, path);
  }
});

test('whatever the files say, parsing gives numbers', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      parseKeyed(text);
      parseValue(text);
      for (const entry of [...parseBlkio(text), ...parseIoStat(text).ioServiced]) assert.ok(entry.value >= 0);
    }),
  );
  const keyed = fc.dictionary(
    fc.stringMatching(/^[a-z_]{1,20}$/),
    fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  );
  fc.assert(
    fc.property(keyed, (values) => {
      const text = Object.entries(values)
        .map(([name, value]) => `${name} ${value}\n`)
        .join('');
      assert.deepEqual(parseKeyed(text), new Map(Object.entries(values)));
    }),
  );
});
