import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { Daemon, eventually } from '../fixtures/daemon.ts';
import { expectNothingLeft } from '../fixtures/footprint.ts';

const ROOT = '/sys/fs/cgroup';
const MIB = 2 ** 20;
const unified = existsSync(`${ROOT}/cgroup.controllers`);

for (const driver of ['cgroupfs', 'systemd'] as const) {
  describe(`cgroup driver ${driver}`, () => {
    let daemon: Daemon;
    before(async () => {
      daemon = await Daemon.start({ flags: ['--exec-opt', `native.cgroupdriver=${driver}`] });
      await daemon.importBusybox();
    });
    after(async () => {
      await using _ = daemon;
      await daemon.removeAll();
      await expectNothingLeft(daemon);
    });

    const run = (name: string, ...flags: readonly string[]) =>
      daemon.ok('run', '-d', '--name', name, ...flags, 'busybox', 'sleep', '10000');

    /** The path of a running container's cgroup, of the hierarchy with this controller. */
    async function cgroup(container: string, controller = 'memory'): Promise<string> {
      const pid = String(await daemon.inspect(container, '.State.Pid'));
      const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').trim().split('\n');
      const fields = lines.map((line) => line.split(':'));
      const own = fields.find(([id, names = '']) =>
        unified ? id === '0' : names.split(',').includes(controller),
      );
      return own?.[2] ?? '';
    }

    /** A control file, by its names on v1 and on v2. */
    async function control(container: string, v1: string, v2: string): Promise<string> {
      const controller = v1.slice(0, v1.indexOf('.'));
      const path = await cgroup(container, controller);
      const file = unified ? `${ROOT}${path}/${v2}` : `${ROOT}/${controller}${path}/${v1}`;
      return readFileSync(file, 'utf8').trim();
    }

    async function expectLimits(container: string, memory: number, pids: number): Promise<void> {
      assert.equal(await control(container, 'memory.limit_in_bytes', 'memory.max'), String(memory * MIB));
      assert.equal(await control(container, 'pids.max', 'pids.max'), String(pids));
    }

    it('says what it is', async () => {
      const info = await daemon.ok('info', '-f', '{{.CgroupDriver}} {{.CgroupVersion}}');
      assert.equal(info, `${driver} ${unified ? '2' : '1'}`);
    });

    it('names a cgroup after its container', async () => {
      await run('named');
      const id = String(await daemon.inspect('named', '.Id'));
      const path = await cgroup('named');
      if (driver === 'systemd') {
        assert.match(path, new RegExp(`^/system.slice/berth-${id}.scope(/container)?$`));
        assert.match(systemctl('show', '-p', 'ActiveState', `berth-${id}.scope`), /=active$/);
      } else assert.match(path, new RegExp(`^/berth-[0-9a-f]{6}/${id}$`));
      await daemon.ok('rm', '-f', 'named');
    });

    it('enforces limits, and new ones after an update; a reload of systemd changes none', async () => {
      await run(
        'limited',
        ...'-m 64m --memory-swap 96m --memory-reservation 32m --pids-limit 50'.split(' '),
        ...'--cpus 0.5 --cpuset-cpus 1 --device-read-bps /dev/vda:2mb'.split(' '),
      );
      await expectLimits('limited', 64, 50);
      const soft = await control('limited', 'memory.soft_limit_in_bytes', 'memory.low');
      assert.equal(soft, String(32 * MIB));
      if (unified) {
        assert.equal(await control('limited', '.', 'memory.swap.max'), String(32 * MIB));
        assert.equal(await control('limited', '.', 'cpu.max'), '50000 100000');
        assert.match(await control('limited', '.', 'io.max'), /^\d+:0 rbps=2097152 /);
      } else {
        assert.equal(await control('limited', 'cpu.cfs_quota_us', ''), '50000');
        assert.match(await control('limited', 'blkio.throttle.read_bps_device', ''), /^\d+:0 2097152$/);
      }
      assert.equal(await control('limited', 'cpuset.cpus', 'cpuset.cpus'), '1');
      assert.match(
        await daemon.ok('exec', 'limited', 'grep', 'Cpus_allowed_list', '/proc/self/status'),
        /\t1$/,
      );
      systemctl('daemon-reload');
      await expectLimits('limited', 64, 50);

      await daemon.ok(
        ...'update -m 80m --memory-swap 160m --pids-limit 70 --cpus 1.5 --cpuset-cpus 0'.split(' '),
        'limited',
      );
      const expectUpdated = async () => {
        await expectLimits('limited', 80, 70);
        if (unified) assert.equal(await control('limited', '.', 'memory.swap.max'), String(80 * MIB));
        assert.equal(
          await control('limited', 'cpu.cfs_quota_us', 'cpu.max'),
          unified ? '150000 100000' : '150000',
        );
        assert.equal(await control('limited', 'cpuset.cpus', 'cpuset.cpus'), '0');
      };
      await expectUpdated();
      systemctl('daemon-reload');
      await expectUpdated();
      await daemon.ok('rm', '-f', 'limited');
    });

    it('--cpu-shares and --blkio-weight', async () => {
      await run('weighed', '--cpu-shares', '512', '--blkio-weight', '300');
      assert.equal(await control('weighed', 'cpu.shares', 'cpu.weight'), unified ? '20' : '512');
      if (unified) {
        const path = `${ROOT}${await cgroup('weighed')}`;
        const weights = ['io.bfq.weight', 'io.weight'].filter((name) => existsSync(`${path}/${name}`));
        const values = weights.map((name) => readFileSync(`${path}/${name}`, 'utf8').trim());
        assert.ok(
          values.some((value) => /^default (300|29\d\d)$/.test(value)),
          values.join(),
        );
      }
      await daemon.ok('rm', '-f', 'weighed');
    });

    it('measures', async () => {
      // On v1 Linux counts only what it may have to throttle.
      await run('measured', '-m', '64m', '--pids-limit', '30', '--device-write-bps', '/dev/vda:1gb');
      await daemon.ok(
        'exec',
        'measured',
        'sh',
        '-c',
        'dd if=/dev/zero of=/file bs=1M count=4 oflag=direct; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done',
      );
      const stats = await measure(daemon, 'measured');
      assert.equal(stats.memory_stats.limit, 64 * MIB);
      assert.ok(stats.memory_stats.usage > 0);
      assert.ok(stats.cpu_stats.cpu_usage.total_usage > 10_000_000, 'processor time');
      assert.equal(stats.pids_stats.current, 1);
      assert.equal(stats.pids_stats.limit, 30);
      const written = (stats.blkio_stats.io_service_bytes_recursive ?? []).filter(({ op }) =>
        /^write$/i.test(op),
      );
      assert.ok(
        written.some(({ value }) => value >= 4 * MIB),
        JSON.stringify(stats.blkio_stats),
      );
      const [memory, pids] = (
        await daemon.ok('stats', '--no-stream', '--format', '{{.MemUsage}}|{{.PIDs}}', 'measured')
      ).split('|');
      assert.match(memory ?? '', /iB \/ 64MiB$/);
      assert.equal(pids, '1');
      await daemon.ok('rm', '-f', 'measured');
    });

    it('pauses', async () => {
      await run('paused');
      await daemon.ok('pause', 'paused');
      const state = () => control('paused', 'freezer.state', 'cgroup.events');
      assert.match(await state(), unified ? /^frozen 1$/m : /^FROZEN$/);
      assert.equal((await daemon.docker('exec', 'paused', 'true')).code, 1);
      await daemon.ok('unpause', 'paused');
      assert.match(await state(), unified ? /^frozen 0$/m : /^THAWED$/);
      await daemon.ok('exec', 'paused', 'true');
      await daemon.ok('pause', 'paused');
      await daemon.ok('rm', '-f', 'paused');
    });

    it('puts the processes of exec where the others are', async () => {
      await run('shared');
      await daemon.ok('exec', '-d', 'shared', 'sleep', '4711');
      const list = async () => (await control('shared', 'pids.', 'cgroup.procs').catch(() => '')).split('\n');
      const file = unified
        ? list
        : async () =>
            readFileSync(`${ROOT}/pids${await cgroup('shared', 'pids')}/cgroup.procs`, 'utf8')
              .trim()
              .split('\n');
      await eventually('both are there', async () => (await file()).length === 2);
      assert.match(await daemon.ok('top', 'shared'), /sleep 4711/);
      await daemon.ok('rm', '-f', 'shared');
    });

    it('tells of an out-of-memory kill', async () => {
      const result = await daemon.docker(
        ...'run --name hungry -m 16m --memory-swap 16m busybox tail /dev/zero'.split(' '),
      );
      assert.equal(result.code, 137, result.stderr);
      assert.equal(await daemon.inspect('hungry', '.State.OOMKilled'), true);
      await daemon.ok('rm', 'hungry');
      await daemon.docker('run', '--name', 'full', 'busybox', 'sh', '-c', 'kill -9 $$');
      assert.equal(await daemon.inspect('full', '.State.OOMKilled'), false);
      await daemon.ok('rm', 'full');
    });

    it('--cgroupns', async () => {
      const inside = (mode: string) =>
        daemon.ok('run', '--rm', '--cgroupns', mode, 'busybox', 'cat', '/proc/self/cgroup');
      for (const line of (await inside('private')).split('\n')) assert.match(line, /:\/$/);
      assert.match(
        await inside('host'),
        driver === 'systemd' ? /\/system\.slice\/berth-\w+\.scope/ : /\/berth-\w+\/\w{64}$/m,
      );
    });

    it('--cgroup-parent', async () => {
      const parent = driver === 'systemd' ? 'bertha-test.slice' : '/berth-parent/nested';
      await run('below', '--cgroup-parent', parent);
      const id = String(await daemon.inspect('below', '.Id'));
      const expected =
        driver === 'systemd' ? `/bertha.slice/bertha-test.slice/berth-${id}.scope` : `${parent}/${id}`;
      assert.ok((await cgroup('below')).startsWith(expected), await cgroup('below'));
      await daemon.ok('rm', '-f', 'below');
      if (driver !== 'systemd') return;
      const wrong = await daemon.docker('run', '--rm', '--cgroup-parent', '/not/a/slice', 'busybox', 'true');
      assert.equal(wrong.code, 125);
      assert.match(
        wrong.stderr,
        /cgroup-parent for systemd cgroup should be a valid slice named as "xxx\.slice"/,
      );
    });

    it('finds containers again after kill -9, and leaves nothing behind', async () => {
      await run('survivor', '-m', '64m', '--pids-limit', '40');
      await run('sleeper');
      await daemon.ok('pause', 'sleeper');
      const ids = [await daemon.inspect('survivor', '.Id'), await daemon.inspect('sleeper', '.Id')].map(
        String,
      );
      await daemon.kill9();
      await daemon.start();
      await expectLimits('survivor', 64, 40);
      assert.equal(await daemon.inspect('sleeper', '.State.Status'), 'paused');
      await daemon.ok('update', '--pids-limit', '45', 'survivor');
      await expectLimits('survivor', 64, 45);
      assert.equal((await measure(daemon, 'survivor')).pids_stats.limit, 45);
      await daemon.ok('exec', 'survivor', 'true');
      await daemon.ok('unpause', 'sleeper');
      await daemon.ok('stop', '-t', '0', 'survivor');
      await daemon.ok('rm', '-f', 'survivor', 'sleeper');
      await eventually('the cgroups are gone', () => ids.every((id) => cgroupsNamed(id).length === 0));
      // On v1 systemd hears of the end of the last process by a helper that the kernel starts.
      const scopes = () => systemctl('list-units', '--all', '--plain', '--no-legend', 'berth-*.scope');
      if (driver === 'systemd') await eventually('the scopes are gone', () => scopes() === '');
    });
  });
}

function systemctl(...args: readonly string[]): string {
  return execFileSync('systemctl', args, { encoding: 'utf8' }).trim();
}

/** Of every hierarchy. */
function cgroupsNamed(id: string): string[] {
  const all = readdirSync(ROOT, { recursive: true, withFileTypes: true });
  return all.filter((entry) => entry.isDirectory() && entry.name.includes(id)).map(({ name }) => name);
}

interface Stats {
  readonly cpu_stats: { readonly cpu_usage: { readonly total_usage: number } };
  readonly memory_stats: { readonly usage: number; readonly limit: number };
  readonly pids_stats: { readonly current: number; readonly limit: number };
  readonly blkio_stats: {
    readonly io_service_bytes_recursive?: readonly { readonly op: string; readonly value: number }[];
  };
}

async function measure(daemon: Daemon, container: string): Promise<Stats> {
  const answer = await daemon.request(
    'GET',
    `/v1.44/containers/${container}/stats?stream=false&one-shot=true`,
  );
  return answer.json as Stats;
}
