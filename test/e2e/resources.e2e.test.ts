import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Daemon, eventually } from '../fixtures/daemon.ts';

const daemon = Daemon.forThisFile();
const MIB = 2 ** 20;
const unified = existsSync('/sys/fs/cgroup/cgroup.controllers');

/** A file of the container's cgroup, by its name in v1 and in v2. */
async function limit(container: string, v1: string, v2: string): Promise<string> {
  const pid = String(await daemon.inspect(container, '.State.Pid'));
  const controller = v1.slice(0, v1.indexOf('.'));
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(':'));
  const path = lines.find(([id, names = '']) =>
    unified ? id === '0' : names.split(',').includes(controller),
  )?.[2];
  const file = unified ? `/sys/fs/cgroup${path}/${v2}` : `/sys/fs/cgroup/${controller}${path}/${v1}`;
  return readFileSync(file, 'utf8').trim();
}

async function run(name: string, ...flags: readonly string[]): Promise<void> {
  await daemon.ok('run', '-d', '--name', name, ...flags, 'busybox', 'sleep', '600');
}

describe('memory', () => {
  it('-m with twice as much swap, --memory-reservation', async () => {
    await run('memory', '-m', '64m', '--memory-reservation', '32m');
    assert.equal(await limit('memory', 'memory.limit_in_bytes', 'memory.max'), String(64 * MIB));
    assert.equal(await limit('memory', 'memory.soft_limit_in_bytes', 'memory.low'), String(32 * MIB));
    const swap = await limit('memory', 'memory.memsw.limit_in_bytes', 'memory.swap.max');
    assert.equal(swap, String((unified ? 64 : 128) * MIB));
    assert.equal(await daemon.inspect('memory', '.HostConfig.MemorySwap'), 128 * MIB);
    await daemon.ok('rm', '-f', 'memory');
  });

  it('--memory-swap equal to -m, and unlimited', async () => {
    await run('none', '-m', '32m', '--memory-swap', '32m');
    assert.equal(
      await limit('none', 'memory.memsw.limit_in_bytes', 'memory.swap.max'),
      unified ? '0' : String(32 * MIB),
    );
    await run('unlimited', '-m', '32m', '--memory-swap', '-1');
    const swap = await limit('unlimited', 'memory.memsw.limit_in_bytes', 'memory.swap.max');
    assert.ok(swap === 'max' || Number(swap) > 2 ** 60, swap);
    await daemon.ok('rm', '-f', 'none', 'unlimited');
  });

  it('is enforced', async () => {
    const result = await daemon.docker(
      'run',
      '--rm',
      '-m',
      '16m',
      '--memory-swap',
      '16m',
      'busybox',
      'sh',
      '-c',
      'tail /dev/zero',
    );
    assert.equal(result.code, 137);
  });

  it('--oom-kill-disable', { skip: unified && 'cgroup v1 only' }, async () => {
    await run('no-oom', '-m', '32m', '--oom-kill-disable');
    assert.match(await limit('no-oom', 'memory.oom_control', ''), /^oom_kill_disable 1$/m);
    await daemon.ok('rm', '-f', 'no-oom');
  });
});

describe('processor', () => {
  it('--cpus', async () => {
    await run('cpus', '--cpus', '0.5');
    if (unified) assert.equal(await limit('cpus', 'cpu.', 'cpu.max'), '50000 100000');
    else {
      assert.equal(await limit('cpus', 'cpu.cfs_quota_us', ''), '50000');
      assert.equal(await limit('cpus', 'cpu.cfs_period_us', ''), '100000');
    }
    await daemon.ok('rm', '-f', 'cpus');
  });

  it('--cpu-period and --cpu-quota', async () => {
    await run('quota', '--cpu-period', '50000', '--cpu-quota', '10000');
    if (unified) assert.equal(await limit('quota', 'cpu.', 'cpu.max'), '10000 50000');
    else assert.equal(await limit('quota', 'cpu.cfs_quota_us', ''), '10000');
    await daemon.ok('rm', '-f', 'quota');
  });

  it('--cpu-shares', async () => {
    await run('shares', '--cpu-shares', '512');
    assert.equal(await limit('shares', 'cpu.shares', 'cpu.weight'), unified ? '20' : '512');
    await daemon.ok('rm', '-f', 'shares');
  });

  it('--cpuset-cpus', async () => {
    await run('cpuset', '--cpuset-cpus', '0');
    assert.equal(await limit('cpuset', 'cpuset.cpus', 'cpuset.cpus'), '0');
    assert.match(await daemon.ok('exec', 'cpuset', 'grep', 'Cpus_allowed_list', '/proc/self/status'), /\t0$/);
    await daemon.ok('rm', '-f', 'cpuset');
  });
});

describe('the rest', () => {
  it('--pids-limit is set and enforced', async () => {
    await run('pids', '--pids-limit', '7');
    assert.equal(await limit('pids', 'pids.max', 'pids.max'), '7');
    await daemon.ok('rm', '-f', 'pids');
    const bomb = 'i=0; while [ $i -lt 20 ]; do sleep 5 & i=$((i+1)); done; wait';
    const result = await daemon.docker('run', '--rm', '--pids-limit', '5', 'busybox', 'sh', '-c', bomb);
    assert.match(result.stderr, /can't fork/);
  });

  it('--blkio-weight', async () => {
    const result = await daemon.docker(
      'run',
      '-d',
      '--name',
      'blkio',
      '--blkio-weight',
      '300',
      'busybox',
      'sleep',
      '600',
    );
    assert.equal(result.code, 0, result.stderr);
    if (unified) assert.equal(await daemon.inspect('blkio', '.HostConfig.BlkioWeight'), 300);
    else if (existsSync('/sys/fs/cgroup/blkio/blkio.weight'))
      assert.equal(await limit('blkio', 'blkio.weight', ''), '300');
    else
      assert.match(
        result.stderr,
        /Your kernel does not support Block I\/O weight or the cgroup is not mounted\. Weight discarded\./,
      );
    await daemon.ok('rm', '-f', 'blkio');
  });

  it('devices are denied but for the few of every container', async () => {
    const result = await daemon.docker(
      'run',
      '--rm',
      'busybox',
      'sh',
      '-c',
      'mknod /tmp/mem c 1 1 && head -c 1 /tmp/mem',
    );
    assert.equal(result.code, 1);
    assert.match(result.stderr, /Operation not permitted/);
  });

  it('--device gives what it says and no more', {
    skip: !existsSync('/dev/fuse') && 'needs /dev/fuse',
  }, async () => {
    const script = ': </dev/fuse && echo reads; : >/dev/fuse';
    const given = await daemon.docker(
      'run',
      '--rm',
      '--device',
      '/dev/fuse:/dev/fuse:r',
      'busybox',
      'sh',
      '-c',
      script,
    );
    assert.equal(given.stdout, 'reads\n');
    assert.match(given.stderr, /\/dev\/fuse: Operation not permitted/);
  });

  it('--device-cgroup-rule', async () => {
    const result = await daemon.docker(
      'run',
      '--rm',
      '--device-cgroup-rule',
      'c 1:* rwm',
      'busybox',
      'sh',
      '-c',
      'mknod /tmp/full c 1 7 && echo x >/tmp/full',
    );
    assert.match(result.stderr, /No space left on device/);
  });

  it('--cgroup-parent', async () => {
    const parent = `/berth-e2e-${process.pid}`;
    await run('elsewhere', '--cgroup-parent', parent);
    const pid = String(await daemon.inspect('elsewhere', '.State.Pid'));
    assert.match(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), new RegExp(`${parent}/`));
    await daemon.ok('rm', '-f', 'elsewhere');
  });

  it('a limit of the machine is no limit to ask for', async () => {
    const cpus = await daemon.docker('run', '--cpus', '4096', 'busybox', 'true');
    assert.equal(cpus.code, 125);
    assert.match(
      cpus.stderr,
      /range of CPUs is from 0\.01 to \d+\.00, as there are only \d+ CPUs available/i,
    );
    const cpuset = await daemon.docker('run', '--cpuset-cpus', '4096', 'busybox', 'true');
    assert.match(cpuset.stderr, /Requested CPUs are not available - requested 4096, available: 0/i);
    const memory = await daemon.docker('run', '-m', '1m', 'busybox', 'true');
    assert.match(memory.stderr, /Minimum memory limit allowed is 6MB/);
    const swap = await daemon.docker('run', '-m', '64m', '--memory-swap', '32m', 'busybox', 'true');
    assert.match(swap.stderr, /Minimum memoryswap limit should be larger than memory limit, see usage/);
  });
});

describe('docker update', () => {
  it('changes limits of a running container, and of one that does not run', async () => {
    await run('live', '-m', '64m');
    assert.equal(
      await daemon.ok(
        'update',
        '-m',
        '96m',
        '--memory-swap',
        '192m',
        '--cpus',
        '1.5',
        '--pids-limit',
        '50',
        'live',
      ),
      'live',
    );
    assert.equal(await limit('live', 'memory.limit_in_bytes', 'memory.max'), String(96 * MIB));
    assert.equal(await limit('live', 'pids.max', 'pids.max'), '50');
    assert.equal(await limit('live', 'cpu.cfs_quota_us', 'cpu.max'), unified ? '150000 100000' : '150000');
    assert.equal(await daemon.inspect('live', '.HostConfig.Memory'), 96 * MIB);
    await daemon.ok('kill', 'live');
    await daemon.ok('update', '--cpu-shares', '256', 'live');
    await daemon.ok('start', 'live');
    assert.equal(await limit('live', 'cpu.shares', 'cpu.weight'), unified ? '10' : '256');
    assert.equal(await limit('live', 'memory.limit_in_bytes', 'memory.max'), String(96 * MIB));
    await daemon.ok('rm', '-f', 'live');
  });

  it('changes the restart policy', async () => {
    await run('policy');
    await daemon.ok('update', '--restart', 'on-failure:4', 'policy');
    assert.deepEqual(await daemon.inspect('policy', '.HostConfig.RestartPolicy'), {
      Name: 'on-failure',
      MaximumRetryCount: 4,
    });
    await daemon.ok('rm', '-f', 'policy');
  });

  it('refuses what cannot be', async () => {
    await run('fixed', '-m', '64m');
    const more = await daemon.docker('update', '-m', '256m', 'fixed');
    assert.equal(more.code, 1);
    assert.match(
      more.stderr,
      /Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time/,
    );
    assert.equal(await limit('fixed', 'memory.limit_in_bytes', 'memory.max'), String(64 * MIB));
    await daemon.ok('rm', '-f', 'fixed');
  });
});

interface Stats {
  readonly cpu_stats: { readonly cpu_usage: { readonly total_usage: number } };
  readonly networks: Readonly<Record<string, unknown>>;
  readonly pids_stats: { readonly current: number };
}

describe('docker stats', () => {
  it('--no-stream', async () => {
    await run('measured', '-m', '64m');
    const line = await daemon.ok(
      'stats',
      '--no-stream',
      '--format',
      '{{.Name}}|{{.MemUsage}}|{{.PIDs}}|{{.CPUPerc}}|{{.NetIO}}|{{.BlockIO}}',
      'measured',
    );
    assert.match(
      line,
      /^measured\|[\d.]+[KM]iB \/ 64MiB\|1\|[\d.]+%\|[\d.]+k?B \/ [\d.]+k?B\|[\d.]+[kM]?B \/ [\d.]+[kM]?B$/,
    );
    await daemon.ok('rm', '-f', 'measured');
  });

  it('counts processor time and the network', async () => {
    await daemon.ok('run', '-d', '--name', 'busy', 'busybox', 'sh', '-c', 'while :; do :; done');
    await eventually('it shows', async () => {
      const cpu = await daemon.ok('stats', '--no-stream', '--format', '{{.CPUPerc}}', 'busy');
      return Number.parseFloat(cpu) > 5;
    });
    const stats = (await daemon.request('GET', '/v1.44/containers/busy/stats?stream=false&one-shot=true'))
      .json as Stats;
    assert.ok(stats.cpu_stats.cpu_usage.total_usage > 0);
    assert.ok(Object.keys(stats.networks).includes('eth0'));
    assert.equal(stats.pids_stats.current, 1);
    await daemon.ok('rm', '-f', 'busy');
  });

  it('of a container that does not run is all zero', async () => {
    await daemon.ok('create', '--name', 'idle', 'busybox');
    assert.match(
      await daemon.ok('stats', '--no-stream', '--format', '{{.Name}} {{.MemUsage}} {{.PIDs}}', 'idle'),
      /^idle 0B \/ 0B 0$/,
    );
    await daemon.ok('rm', 'idle');
  });
});

describe('limits that only the API gives', () => {
  const device =
    ['/dev/vda', '/dev/sda', '/dev/nvme0n1', '/dev/loop0'].find((path) => existsSync(path)) ?? '';
  const request = (method: string, path: string, body: unknown) => daemon.request(method, path, body);
  const rules = (name: string) => limit(name, 'blkio.throttle.read_bps_device', 'io.max');

  it('block I/O by device: at create, and since 1.55 at update', async () => {
    const rate = (Rate: number) => [{ Path: device, Rate }];
    const HostConfig = {
      BlkioDeviceReadBps: rate(2 * MIB),
      BlkioDeviceWriteBps: rate(3 * MIB),
      BlkioDeviceReadIOps: rate(100),
      BlkioDeviceWriteIOps: rate(200),
      CpusetMems: '0',
      CpuCount: 0,
    };
    const body = { Image: 'busybox', Cmd: ['sleep', '600'], HostConfig };
    assert.equal((await request('POST', '/containers/create?name=block', body)).status, 201);
    await daemon.ok('start', 'block');
    assert.match(
      await rules('block'),
      unified ? /rbps=2097152 wbps=3145728 riops=100 wiops=200/ : / 2097152$/,
    );
    assert.deepEqual(await daemon.inspect('block', '.HostConfig.BlkioDeviceWriteIOps'), rate(200));
    if (!unified) {
      assert.match(await limit('block', 'blkio.throttle.write_bps_device', ''), / 3145728$/);
      assert.match(await limit('block', 'blkio.throttle.read_iops_device', ''), / 100$/);
      assert.match(await limit('block', 'blkio.throttle.write_iops_device', ''), / 200$/);
    }
    assert.equal(await limit('block', 'cpuset.mems', 'cpuset.mems'), '0');

    const change = {
      BlkioDeviceReadBps: rate(MIB),
      BlkioDeviceWriteBps: rate(4 * MIB),
      BlkioDeviceReadIOps: rate(101),
      BlkioDeviceWriteIOps: rate(202),
    };
    const update = async (version: string, changes: Partial<typeof change>) => {
      const answer = await request('POST', `/v${version}/containers/block/update`, changes);
      assert.equal(answer.status, 200, answer.body);
    };
    await update('1.54', change);
    assert.match(await rules('block'), /2097152/);
    await update('1.55', change);
    assert.match(
      await rules('block'),
      unified ? /rbps=1048576 wbps=4194304 riops=101 wiops=202/ : / 1048576$/,
    );
    if (!unified) {
      assert.match(await limit('block', 'blkio.throttle.write_bps_device', ''), / 4194304$/);
      assert.match(await limit('block', 'blkio.throttle.read_iops_device', ''), / 101$/);
      assert.match(await limit('block', 'blkio.throttle.write_iops_device', ''), / 202$/);
    }
    await update('1.55', { BlkioDeviceReadBps: [] });
    assert.doesNotMatch(await rules('block'), /1048576/);
    await daemon.ok('rm', '-f', 'block');
  });

  it('weights of block I/O, for all devices and for one, at create and at update', async () => {
    // By device they are BFQ's, where that is the device's scheduler.
    const scheduler = `/sys/block/${device.slice('/dev/'.length)}/queue/scheduler`;
    const perDevice = !unified || readFileSync(scheduler, 'utf8').includes('[bfq]');
    const weights = (Weight: number) => (perDevice ? [{ Path: device, Weight }] : []);
    const HostConfig = { BlkioWeight: 300, BlkioWeightDevice: weights(400) };
    const body = { Image: 'busybox', Cmd: ['sleep', '600'], HostConfig };
    const created = await request('POST', '/containers/create?name=weighed', body);
    assert.equal(created.status, 201, created.body);
    const { Warnings } = created.json as { Warnings: string[] };
    const discarded = Warnings.some((warning) => /Block I\/O weight or .*\. Weight discarded/.test(warning));
    const none = Warnings.some((warning) =>
      /Block I\/O weight_device .*Weight-device discarded/.test(warning),
    );
    await daemon.ok('start', 'weighed');
    const inForce = async () => {
      const files = ['io.bfq.weight', 'io.weight'].map((name) => limit('weighed', 'blkio.weight', name));
      const texts = (await Promise.allSettled(files)).map((file) =>
        file.status === 'fulfilled' ? file.value : '',
      );
      return texts.join('\n');
    };
    // BFQ's are from 1 to 1000 as Docker's; those of the kernel go to 10,000.
    const expectWeights = async (all: number, one: number) => {
      assert.deepEqual(
        await daemon.inspect('weighed', '.HostConfig.BlkioWeightDevice'),
        none ? [] : weights(one),
      );
      assert.equal(await daemon.inspect('weighed', '.HostConfig.BlkioWeight'), discarded ? 0 : all);
      if (!discarded) assert.match(await inForce(), new RegExp(`${all}|${1 + ((all - 10) * 9999) / 990}`));
    };
    await expectWeights(300, 400);
    const change = { BlkioWeight: 500, BlkioWeightDevice: weights(600) };
    const updated = await request('POST', '/v1.55/containers/weighed/update', change);
    assert.equal(updated.status, 200, updated.body);
    await expectWeights(500, 600);
    await daemon.ok('rm', '-f', 'weighed');
  });

  it('real time: refused by the kernel or left out, and nothing stays', async () => {
    const HostConfig = { CpuRealtimePeriod: 1_000_000, CpuRealtimeRuntime: 950_000 };
    const body = { Image: 'busybox', Cmd: ['sleep', '600'], HostConfig };
    const created = await request('POST', '/containers/create?name=real', body);
    assert.equal(created.status, 201, created.body);
    const { Id, Warnings } = created.json as { Id: string; Warnings: string[] };
    const discarded = Warnings.some((warning) => /real-time period and runtime discarded/i.test(warning));
    assert.equal(await daemon.inspect('real', '.HostConfig.CpuRealtimeRuntime'), discarded ? 0 : 950_000);
    const started = await request('POST', `/containers/${Id}/start`, undefined);
    // A group has no budget of real time to give away unless its parent was given one.
    if (!discarded) assert.match(started.body, /cpu\.rt_runtime_us.*Invalid argument/);
    assert.equal(started.status, discarded ? 204 : 400, started.body);
    await daemon.ok('rm', '-f', 'real');
  });

  it('kernel memory: of TCP buffers until 1.51, else without effect', async () => {
    const create = async (version: string, name: string) => {
      const body = {
        Image: 'busybox',
        Cmd: ['sleep', '600'],
        HostConfig: { KernelMemory: 64 * MIB, KernelMemoryTCP: 8 * MIB },
      };
      const { status, json } = await request('POST', `/v${version}/containers/create?name=${name}`, body);
      assert.equal(status, 201);
      return (json as { Warnings: string[] }).Warnings;
    };
    const warnings = await create('1.41', 'tcp');
    assert.ok(warnings.includes('Specifying a kernel memory limit is deprecated and has no effect.'));
    if (unified) {
      assert.ok(warnings.some((warning) => /kernel memory TCP limit.*Limitation discarded/.test(warning)));
    } else {
      await daemon.ok('start', 'tcp');
      assert.equal(await limit('tcp', 'memory.kmem.tcp.limit_in_bytes', ''), String(8 * MIB));
      const inspected = (await request('GET', '/containers/tcp/json', undefined)).json as {
        HostConfig: object;
      };
      assert.equal(
        'KernelMemoryTCP' in inspected.HostConfig && inspected.HostConfig.KernelMemoryTCP,
        8 * MIB,
      );
    }
    assert.deepEqual(await create('1.52', 'none'), []);
    await daemon.ok('rm', '-f', 'tcp', 'none');
  });

  it('what update changes besides: quota, set of processors, weight, reservation', async () => {
    await run('changing', '-m', '64m');
    const body = {
      CpuPeriod: 50_000,
      CpuQuota: 25_000,
      CpusetCpus: '0',
      CpusetMems: '0',
      MemoryReservation: 16 * MIB,
      // What an update has no say in is left alone.
      CgroupParent: '/elsewhere',
      Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/x', CgroupPermissions: 'r' }],
      DeviceCgroupRules: ['c 1:* rwm'],
      DeviceRequests: [{ Driver: 'cdi', Count: 1 }],
      KernelMemory: 32 * MIB,
      CpuCount: 1,
      CpuPercent: 50,
      IOMaximumIOps: 10,
      IOMaximumBandwidth: 10,
      Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 1 }],
      OomKillDisable: true,
      MemorySwappiness: 7,
    };
    const { status, json } = await request('POST', '/containers/changing/update', body);
    assert.deepEqual([status, json], [200, { Warnings: null }]);
    if (unified) assert.equal(await limit('changing', 'cpu.', 'cpu.max'), '25000 50000');
    else {
      assert.equal(await limit('changing', 'cpu.cfs_quota_us', ''), '25000');
      assert.equal(await limit('changing', 'cpu.cfs_period_us', ''), '50000');
    }
    assert.equal(await limit('changing', 'cpuset.cpus', 'cpuset.cpus'), '0');
    assert.equal(await limit('changing', 'memory.soft_limit_in_bytes', 'memory.low'), String(16 * MIB));
    assert.deepEqual(await daemon.inspect('changing', '.HostConfig.Ulimits'), []);
    assert.equal(await daemon.inspect('changing', '.HostConfig.OomKillDisable'), false);
    assert.equal(await daemon.inspect('changing', '.HostConfig.CgroupParent'), '');
    assert.deepEqual(await daemon.inspect('changing', '.HostConfig.Devices'), []);
    await daemon.ok('rm', '-f', 'changing');
  });
});
