import assert from 'node:assert/strict';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { Cgroup } from '#linux/cgroups';
import { engineWithBusybox, request, run } from '../engine.fixture.ts';
import type { CreateRequest } from './create.ts';
import type { ContainerConfig } from './record.ts';

const engine = await engineWithBusybox();

const script = (
  text: string,
  host: CreateRequest['hostConfig'] = {},
  config: Partial<ContainerConfig> = {},
) => run(engine, request(['sh', '-c', text], config, { autoRemove: true, ...host }));
const start = async (host: CreateRequest['hostConfig'] = {}, config: Partial<ContainerConfig> = {}) => {
  const { id } = await engine.containers.create(request(['sleep', '1000'], config, host));
  await engine.containers.start(id);
  return id;
};
const namespaces = ['pid', 'net', 'ipc', 'uts', 'mnt', 'cgroup'] as const;
const hostNamespace = (name: string) => readlinkSync(`/proc/self/ns/${name}`);
const ls = 'for n in pid net ipc uts mnt cgroup; do readlink /proc/self/ns/$n; done';

test('namespaces of its own, all of them', async () => {
  const { stdout } = await script(ls);
  const own = stdout.trim().split('\n');
  assert.equal(own.length, namespaces.length);
  for (const [index, name] of namespaces.entries()) assert.notEqual(own[index], hostNamespace(name), name);
});

test('the host’s where asked', async () => {
  const { stdout } = await script(ls, {
    pidMode: 'host',
    networkMode: 'host',
    ipcMode: 'host',
    utsMode: 'host',
    cgroupnsMode: 'host',
  });
  const own = stdout.trim().split('\n');
  for (const name of ['pid', 'net', 'ipc', 'uts', 'cgroup'] as const) {
    assert.equal(own[namespaces.indexOf(name)], hostNamespace(name), name);
  }
});

test('another container’s where asked: network with its names, processes', async () => {
  const donor = await start({}, { hostname: 'donor' });
  const { stdout } = await script('hostname; ps -o args | grep -c "[s]leep 1000"; cat /etc/hostname', {
    networkMode: `container:${donor}`,
    pidMode: `container:${donor}`,
  });
  assert.equal(stdout, 'donor\n1\ndonor\n');
  await engine.containers.remove(donor, { force: true });
  await assert.rejects(script('true', { networkMode: `container:${donor}` }), /No such container/);
});

test('hostname, domain name, user, groups', async () => {
  const named = await script(
    'hostname; cat /proc/sys/kernel/domainname',
    {},
    { hostname: 'box', domainname: 'example.org' },
  );
  assert.equal(named.stdout, 'box\nexample.org\n');
  const { id, stdout } = await run(engine, request(['hostname']));
  assert.equal(stdout.trim(), id.slice(0, 12));
  assert.equal((await script('hostname', { networkMode: 'host' })).stdout.trim(), hostname());
  const user = await script('id -u; id -g; id -G; echo $HOME', { groupAdd: ['77'] }, { user: 'app' });
  assert.equal(user.stdout, '1000\n1000\n1000 10 77\n/home\n');
  await assert.rejects(
    script('id', {}, { user: 'ghost' }),
    /unable to find user ghost: no matching entries in passwd file/,
  );
});

test('default capabilities, none for users, all for the privileged', async () => {
  const status = async (host: CreateRequest['hostConfig'], config: Partial<ContainerConfig> = {}) => {
    const { stdout } = await script('grep -E "CapEff|Seccomp:|NoNewPrivs" /proc/self/status', host, config);
    return Object.fromEntries(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split(/:\s+/)),
    ) as Record<string, string>;
  };
  const plain = await status({});
  assert.equal(plain['CapEff'], '00000000a80425fb');
  assert.equal(plain['Seccomp'], '2');
  assert.equal((await status({}, { user: 'app' }))['CapEff'], '0000000000000000');
  assert.equal((await status({ capDrop: ['ALL'], capAdd: ['CHOWN'] }))['CapEff'], '0000000000000001');
  assert.equal((await status({ securityOpt: ['no-new-privileges'] }))['NoNewPrivs'], '1');
  assert.equal((await status({ securityOpt: ['seccomp=unconfined'] }))['Seccomp'], '0');
  const privileged = await status({ privileged: true });
  assert.equal(privileged['Seccomp'], '0');
  assert.ok(BigInt(`0x${privileged['CapEff']}`) > BigInt('0xa80425fb'));
});

test('what is dangerous of /proc and /sys is hidden or read-only', async () => {
  const { stdout, stderr } = await script(
    'cat /proc/kcore | wc -c; echo 1 > /proc/sys/kernel/panic; mkdir /sys/fs/cgroup/x; echo $?',
  );
  assert.equal(stdout.split('\n')[0], '0');
  assert.match(stderr, /Read-only file system/);
  const open = await script('mount | grep -c "/proc/sys "', { securityOpt: ['systempaths=unconfined'] });
  assert.equal(open.stdout, '0\n');
});

test('devices: the harmless ones, and those that are given', async () => {
  const { stdout } = await script(
    'ls /dev | sort | tr "\\n" " "; echo x > /dev/null && echo fine; mknod /tmp/d b 7 0 && head -c1 /tmp/d',
  );
  assert.match(
    stdout,
    /^core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero fine/,
  );
  const given = await script('ls -l /dev/given', {
    devices: [{ pathOnHost: '/dev/kmsg', pathInContainer: '/dev/given', cgroupPermissions: 'r' }],
  });
  assert.match(given.stdout, /^c.* 1, +11 /);
});

test('limits are in force', async () => {
  const id = await start({
    resources: { memory: 32 * 2 ** 20, nanoCpus: 5e8, pidsLimit: 20, cpusetCpus: '0' },
  });
  const stats = await new Cgroup(`/${engine.instance}/${id}`).stats();
  assert.equal(stats.memory.limit, 32 * 2 ** 20);
  assert.equal(stats.pids.limit, 20);
  await engine.containers.update(id, { resources: { memory: 64 * 2 ** 20, memorySwap: 128 * 2 ** 20 } });
  assert.equal((await new Cgroup(`/${engine.instance}/${id}`).stats()).memory.limit, 64 * 2 ** 20);
  await assert.rejects(
    engine.containers.update(id, { resources: { memory: 2 ** 20 } }),
    /Minimum memory limit allowed is 6MB/,
  );
  await engine.containers.remove(id, { force: true });
  const forks = await script('for i in $(seq 30); do sleep 1 & done', {
    resources: { pidsLimit: 10 },
  });
  assert.match(forks.stderr, /fork/);
});

test('out of memory: killed, and told so', async () => {
  const { id, exitCode } = await run(
    engine,
    request(
      ['sh', '-c', 'x=x; while :; do x=$x$x; done'],
      {},
      {
        resources: { memory: 16 * 2 ** 20, memorySwap: 16 * 2 ** 20 },
      },
    ),
  );
  assert.equal(exitCode, 137);
  assert.equal(engine.containers.get(id).state.oomKilled, true);
});

test('sysctls, ulimits, read-only root, init, environment', async () => {
  const { stdout } = await script(
    'cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shm_rmid_forced; ulimit -n; ulimit -Hn; ulimit -c',
    {
      sysctls: { 'net.ipv4.ip_unprivileged_port_start': '99', 'kernel.shm_rmid_forced': '1' },
      ulimits: [
        { name: 'nofile', soft: 100, hard: 200 },
        { name: 'core', soft: -1, hard: -1 },
      ],
    },
  );
  assert.equal(stdout, '99\n1\n100\n200\nunlimited\n');
  const readonly = await script('touch /x || touch /dev/shm/x && echo shm', { readonlyRootfs: true });
  assert.equal(readonly.stdout, 'shm\n');
  const init = await script('cat /proc/1/comm; echo $$', { init: true });
  assert.match(init.stdout, /^(docker-init|catatonit)\n/);
  const environment = await script('env', {}, { env: ['A=b', 'HOSTNAME'] });
  assert.deepEqual(environment.stdout.trim().split('\n').sort(), [
    'A=b',
    'HOME=/root',
    'PATH=/bin',
    'PWD=/',
    'SHLVL=1',
  ]);
});

test('the score for the OOM killer; one that we may not give is cut down with a warning', async () => {
  assert.equal((await script('cat /proc/self/oom_score_adj', { oomScoreAdj: 500 })).stdout, '500\n');
  const { id, warnings } = await engine.containers.create(request(['true'], {}, { oomScoreAdj: -900 }));
  await engine.containers.start(id);
  assert.equal((await engine.containers.wait(id, 'not-running')).exitCode, 0);
  const mayLower = /CapEff:\s+([0-9a-f]+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  if (!(BigInt(`0x${mayLower}`) & (1n << 24n))) assert.equal(warnings.length, 1);
});
