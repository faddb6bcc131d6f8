import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { environment, overlayEnvironment } from './environment.ts';
import { parseBind } from './mounts.ts';
import type { ContainerRecord, HostConfig } from './record.ts';
import { containerConfig, containerRecord, hostConfig, resources } from './records.fixture.ts';
import { buildSpec, type SpecFacts } from './spec.ts';
import { deviceNumber, specDevices } from './spec-devices.ts';
import { specOomScoreAdj, specRlimits } from './spec-process.ts';
import { tmpfsOptions } from './tmpfs-options.ts';

const facts = (record: ContainerRecord, changes: Partial<SpecFacts> = {}): SpecFacts => ({
  rootfs: '/rootfs',
  cgroupsPath: '/berth/x',
  netns: '/netns/x',
  userns: undefined,
  joins: { pid: undefined, ipc: undefined },
  process: {
    user: { uid: 5, gid: 6, additionalGids: [6, 7], home: '/home/u' },
    hostname: 'h',
    capabilities: ['CAP_CHOWN'],
    noNewPrivileges: false,
    apparmor: undefined,
    rlimits: [],
    oomScoreAdj: 0,
    init: false,
  },
  sources: {
    mounts: record.mounts.map((point) => ({
      point,
      source: `/staged${point.source}`,
      isDirectory: !point.source.endsWith('.conf'),
      below: [],
    })),
    files: { resolvConf: '/c/resolv.conf', hosts: '/c/hosts', hostname: '/c/hostname' },
    shm: undefined,
    mqueue: undefined,
    bindsProc: false,
    init: undefined,
  },
  devices: specDevices({ privileged: false, devices: [], deviceCgroupRules: [] }, true),
  seccomp: { stanza: { defaultAction: 'SCMP_ACT_ALLOW' }, annotations: { bpf: 'x' } },
  systempaths: 'default',
  ...changes,
});
const specOf = (
  host: Partial<HostConfig> = {},
  rest: Partial<ContainerRecord> = {},
  changes: Partial<SpecFacts> = {},
) => {
  const record = containerRecord({ hostConfig: hostConfig(host), ...rest });
  return buildSpec(record, facts(record, changes));
};
const mountAt = (spec: ReturnType<typeof specOf>, destination: string) =>
  spec.mounts?.filter((mount) => mount.destination === destination) ?? [];
const namespacesOf = (spec: ReturnType<typeof specOf>) =>
  Object.fromEntries((spec.linux?.namespaces ?? []).map(({ type, path }) => [type, path ?? 'new']));

test('a plain container is isolated in every respect', () => {
  const spec = specOf();
  assert.deepEqual(namespacesOf(spec), {
    mount: 'new',
    network: '/netns/x',
    pid: 'new',
    ipc: 'new',
    uts: 'new',
    cgroup: 'new',
  });
  assert.deepEqual(
    spec.mounts?.map(({ destination }) => destination),
    [
      '/proc',
      '/dev',
      '/sys',
      '/dev/pts',
      '/dev/mqueue',
      '/dev/shm',
      '/etc/resolv.conf',
      '/etc/hostname',
      '/etc/hosts',
      '/sys/fs/cgroup',
    ],
  );
  assert.ok(mountAt(spec, '/sys')[0]?.options?.includes('ro'));
  assert.ok(mountAt(spec, '/sys/fs/cgroup')[0]?.options?.includes('ro'));
  assert.deepEqual(spec.linux?.resources?.devices?.[0], { allow: false, access: 'rwm' });
  assert.ok(spec.linux?.maskedPaths?.includes('/proc/kcore'));
  assert.ok(spec.linux?.readonlyPaths?.includes('/proc/sys'));
  assert.deepEqual(spec.process?.capabilities, {
    bounding: ['CAP_CHOWN'],
    effective: ['CAP_CHOWN'],
    permitted: ['CAP_CHOWN'],
  });
  assert.deepEqual(spec.process?.env, [
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'HOSTNAME=h',
    'HOME=/home/u',
  ]);
  assert.deepEqual(spec.annotations, { bpf: 'x' });
  assert.equal(spec.hooks, undefined, 'hooks would cost a start its short cut');
});

test('a privileged one is open, but still in namespaces of its own', () => {
  const spec = specOf(
    { privileged: true },
    {},
    { devices: specDevices(hostConfig({ privileged: true }), true) },
  );
  assert.ok(!mountAt(spec, '/sys')[0]?.options?.includes('ro'));
  assert.deepEqual([spec.linux?.maskedPaths, spec.linux?.readonlyPaths], [[], []]);
  assert.deepEqual(spec.linux?.resources?.devices, [{ allow: true, access: 'rwm' }]);
  assert.ok(
    spec.linux?.devices?.some(({ path, major, minor }) => path === '/dev/null' && major === 1 && minor === 3),
  );
  assert.equal(namespacesOf(spec).pid, 'new');
});

test('modes: host shares, container joins', () => {
  const shared = specOf(
    { pidMode: 'host', ipcMode: 'host', utsMode: 'host', cgroupnsMode: 'host' },
    {},
    { netns: undefined },
  );
  assert.deepEqual(namespacesOf(shared), { mount: 'new' });
  assert.equal(shared.hostname, undefined);
  const joining = specOf(
    { pidMode: 'container:a', ipcMode: 'container:a' },
    {},
    { joins: { pid: '/proc/1/ns/pid', ipc: '/proc/1/ns/ipc' } },
  );
  assert.deepEqual(
    [namespacesOf(joining).pid, namespacesOf(joining).ipc],
    ['/proc/1/ns/pid', '/proc/1/ns/ipc'],
  );
});

test('what the user mounts replaces ours, and read-only goes down to what is mounted below', () => {
  const mounts = [parseBind('/data:/etc/hosts:ro'), parseBind('/x:/dev/shm:rslave'), parseBind('/y:/a/b/c')];
  const spec = specOf({ tmpfs: { '/a': 'size=1m,exec' } }, { mounts });
  assert.deepEqual(mountAt(spec, '/etc/hosts'), [
    {
      destination: '/etc/hosts',
      type: 'bind',
      source: '/staged/data',
      options: ['rbind', 'rprivate', 'ro', 'rro'],
    },
  ]);
  assert.equal(mountAt(spec, '/dev/shm').length, 1);
  assert.equal(spec.linux?.rootfsPropagation, 'rslave');
  assert.deepEqual(mountAt(spec, '/a')[0]?.options, ['nosuid', 'nodev', 'size=1m', 'exec']);
  const order = spec.mounts?.map(({ destination }) => destination) ?? [];
  assert.ok(order.indexOf('/a') < order.indexOf('/a/b/c'));
});

test('a read-only file has nothing mounted below it', () => {
  const spec = specOf({}, { mounts: [parseBind('/some.conf:/etc/some.conf:ro')] });
  assert.deepEqual(mountAt(spec, '/etc/some.conf')[0]?.options, ['rbind', 'rprivate', 'ro']);
});

test('with /dev from the user nothing of ours lies below it', () => {
  const spec = specOf({}, { mounts: [parseBind('/dev:/dev')] });
  assert.deepEqual(
    spec.mounts
      ?.filter(({ destination }) => destination.startsWith('/dev'))
      .map(({ destination }) => destination),
    ['/dev'],
  );
});

test('the init goes in front, from a read-only bind', () => {
  const record = containerRecord({ path: '/app', args: ['-v'] });
  const base = facts(record);
  const spec = buildSpec(record, {
    ...base,
    process: { ...base.process, init: true },
    sources: { ...base.sources, init: '/usr/bin/catatonit' },
  });
  assert.deepEqual(spec.process?.args, ['/sbin/docker-init', '--', '/app', '-v']);
  assert.deepEqual(mountAt(spec, '/sbin/docker-init')[0]?.options, ['bind', 'rprivate', 'ro']);
});

test('limits in the runtime’s terms; what is not set is not there', () => {
  assert.deepEqual(Object.keys(specOf().linux?.resources ?? {}), ['devices']);
  const limits = resources({
    memory: 2 ** 29,
    memorySwap: -1,
    nanoCpus: 1.5e9,
    pidsLimit: -1,
    cpusetCpus: '0',
  });
  const { memory, cpu, pids } = specOf({ resources: limits }).linux?.resources ?? {};
  assert.deepEqual(memory, { limit: 2 ** 29, swap: -1 });
  assert.deepEqual(cpu, { period: 100_000, quota: 150_000, cpus: '0' });
  assert.deepEqual(pids, { limit: -1 });
});

test('sysctls: those of the network are set by whoever makes it', () => {
  const sysctls = { 'net.ipv4.ip_forward': '1', 'net/core/somaxconn': '9', 'kernel.shmmax': '1' };
  const spec = specOf({ sysctls }, { config: containerConfig({ domainname: 'example.org' }) });
  assert.deepEqual(spec.linux?.sysctl, { 'kernel.shmmax': '1', 'kernel.domainname': 'example.org' });
});

test('ulimits above what we have are cut down with a warning, unlimited stays unlimited', () => {
  const poor = { mayRaise: false, hardLimit: () => 1000 };
  const asked = [{ name: 'nofile', soft: 500, hard: 5000 }];
  assert.deepEqual(specRlimits(asked, [], poor), {
    rlimits: [{ type: 'RLIMIT_NOFILE', soft: 500, hard: 1000 }],
    warnings: ["ulimit nofile: cut down to this host's hard limit of 1000"],
  });
  const rich = { mayRaise: true, hardLimit: () => 1000 };
  const unlimited = specRlimits([{ name: 'core', soft: -1, hard: -1 }], asked, rich);
  assert.equal(
    JSON.stringify(unlimited.rlimits),
    '[{"type":"RLIMIT_NOFILE","soft":500,"hard":5000},' +
      '{"type":"RLIMIT_CORE","soft":18446744073709551615,"hard":18446744073709551615}]',
  );
});

test('an OOM score that we may not give becomes our own, with a warning', () => {
  assert.deepEqual(specOomScoreAdj(500, { mayLower: false, own: 0 }), { value: 500, warnings: [] });
  assert.equal(specOomScoreAdj(-500, { mayLower: true, own: 0 }).value, -500);
  const cut = specOomScoreAdj(-500, { mayLower: false, own: -100 });
  assert.deepEqual([cut.value, cut.warnings.length], [-100, 1]);
});

test('device numbers as makedev(3) packs them', () => {
  fc.assert(
    fc.property(fc.nat(0xfffff), fc.nat(0xfffff), (major, minor) => {
      const [M, m] = [BigInt(major), BigInt(minor)];
      const packed = ((M & 0xfffn) << 8n) | ((M & ~0xfffn) << 32n) | (m & 0xffn) | ((m & ~0xffn) << 12n);
      assert.deepEqual(deviceNumber(packed), { major, minor });
    }),
  );
});

test('a device that is none is refused by name', () => {
  const device = (pathOnHost: string) => ({ pathOnHost, pathInContainer: '/dev/x', cgroupPermissions: 'r' });
  assert.throws(
    () => specDevices(hostConfig({ devices: [device('/no/such')] }), true),
    /error gathering device information while adding custom device "\/no\/such": no such file or directory/,
  );
  assert.throws(
    () => specDevices(hostConfig({ devices: [device('/etc/passwd')] }), true),
    /not a device node/,
  );
  const { nodes, rules } = specDevices(hostConfig({ devices: [device('/dev/null')] }), true);
  assert.deepEqual(
    nodes.map(({ path, type }) => [path, type]),
    [['/dev/x', 'c']],
  );
  assert.deepEqual(rules.at(-1), { allow: true, type: 'c', major: 1, minor: 3, access: 'r' });
});

test('environment: in place, appended, taken away', () => {
  assert.deepEqual(overlayEnvironment(['A=1', 'B=2'], ['B=3', 'C=4=5', 'A']), ['B=3', 'C=4=5']);
  assert.deepEqual(
    environment({ env: ['HOME=/x', 'PATH=/y'], tty: true }, { hostname: 'h', home: '/root' }),
    ['PATH=/y', 'HOSTNAME=h', 'TERM=xterm', 'HOME=/x'],
  );
});

test('tmpfs options: the later of two opposites wins, and only known ones pass', () => {
  assert.deepEqual(tmpfsOptions(['suid', 'nosuid', 'mode=1777']), ['noexec', 'nodev', 'nosuid', 'mode=1777']);
  const known = fc.constantFrom('exec', 'noexec', 'suid', 'dev', 'ro', 'rw', 'size=1', 'uid=3');
  fc.assert(
    fc.property(fc.array(known), (given) => {
      const options = tmpfsOptions(given);
      assert.equal(
        new Set(options.map((option) => option.split('=')[0]?.replace(/^no/, ''))).size,
        options.length,
      );
    }),
  );
});
