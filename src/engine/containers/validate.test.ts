import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { HostSupport } from '#engine/system';
import { isKind } from '#lib/errors';
import type { ContainerConfig, HostConfig, Resources } from './record.ts';
import { containerConfig, hostConfig, resources } from './records.fixture.ts';
import { checkName, parseDeviceRule, validate } from './validate.ts';
import { checkResources, withDefaultSwap } from './validate-resources.ts';

const refused = (work: () => unknown, text: string) =>
  assert.throws(work, (error: unknown) => {
    assert.ok(isKind(error, 'invalid'), String(error));
    assert.ok(error.message.includes(text), error.message);
    return true;
  });
const check = (host: Partial<HostConfig>, config: Partial<ContainerConfig> = {}) =>
  validate(containerConfig(config), hostConfig(host), [], {
    runtimes: ['crun'],
    systemdCgroup: false,
    remaps: false,
  });

const everything: HostSupport = {
  memoryLimit: true,
  swapLimit: true,
  memoryReservation: true,
  memorySwappiness: true,
  kernelMemoryTcp: true,
  oomKillDisable: true,
  cpuShares: true,
  cpuCfs: true,
  cpuRealtime: true,
  cpuSet: true,
  pidsLimit: true,
  blkioWeight: true,
  blkioWeightDevice: true,
  blkioThrottle: true,
  onlineCpus: '0-3',
  memoryNodes: '0',
};
const limits = (changes: Partial<Resources>, support: Partial<HostSupport> = {}) =>
  checkResources(resources(changes), { ...everything, ...support }, 4);

test('a request that asks for nothing is fine', () => {
  check({});
  assert.deepEqual(limits({}), { resources: resources(), warnings: [] });
});

test('names', () => {
  assert.equal(checkName('/web-1.a_b'), 'web-1.a_b');
  for (const name of ['', 'a', '-a', 'a b', 'a/b', '../x', 'é1']) {
    refused(
      () => checkName(name),
      `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
    );
  }
});

test('restart policies', () => {
  const policy = (name: string, maximumRetryCount = 0) => ({
    restartPolicy: { name: name as 'no', maximumRetryCount },
  });
  refused(
    () => check(policy('sometimes')),
    "invalid restart policy: unknown policy 'sometimes'; use one of 'no'",
  );
  refused(() => check(policy('always', 3)), "maximum retry count can only be used with 'on-failure'");
  refused(() => check(policy('on-failure', -1)), 'maximum retry count cannot be negative');
  refused(
    () => check({ ...policy('always'), autoRemove: true }),
    "can't create 'AutoRemove' container with restart policy",
  );
  check(policy('on-failure', 3));
});

test('network modes and what does not go with them', () => {
  const joins = { networkMode: 'container:web' };
  refused(() => check(joins, { hostname: 'x' }), 'conflicting options: hostname and the network mode');
  refused(() => check({ ...joins, dns: ['1.1.1.1'] }), 'conflicting options: dns and the network mode');
  refused(
    () => check({ ...joins, extraHosts: ['a:1.1.1.1'] }),
    'custom host-to-IP mapping and the network mode',
  );
  refused(
    () => check({ ...joins, publishAllPorts: true }),
    'conflicting options: port publishing and the container type network mode',
  );
  refused(() => check({ networkMode: 'container:' }), 'invalid container format container:<name|id>');
  refused(
    () => check({ utsMode: 'host' }, { hostname: 'x' }),
    'conflicting options: hostname and the UTS mode',
  );
  refused(() => check({ extraHosts: ['nonsense'] }), 'bad format for add-host: "nonsense"');
  refused(() => check({ extraHosts: ['a:b'] }), 'invalid IP address in add-host: "b"');
  refused(() => check({ dns: ['dns.example'] }), 'dns.example is not an ip address');
  check({ extraHosts: ['a:host-gateway', 'b:::1', 'c=[::1]'] });
});

test('sysctls: only those of a namespace that is the container’s own', () => {
  check({ sysctls: { 'net.ipv4.ip_forward': '1', 'kernel.shmmax': '1', 'fs.mqueue.msg_max': '10' } });
  refused(
    () => check({ sysctls: { 'kernel.panic': '1' } }),
    'sysctl "kernel.panic" is not in a separate kernel namespace',
  );
  refused(
    () => check({ networkMode: 'host', sysctls: { 'net.ipv4.ip_forward': '1' } }),
    'sysctl "net.ipv4.ip_forward" not allowed in host network namespace',
  );
  refused(
    () => check({ ipcMode: 'host', sysctls: { 'kernel.shmmax': '1' } }),
    'not allowed in the host ipc namespace',
  );
});

test('the rest of a request, field by field', () => {
  refused(() => check({ pidMode: 'mine' }), 'Invalid PID mode: mine');
  refused(() => check({ ipcMode: 'container:' }), 'Invalid IPC mode: container:');
  refused(() => check({ usernsMode: 'keep-id' }), 'Invalid user namespace mode: keep-id');
  refused(() => check({ ulimits: [{ name: 'files', soft: 1, hard: 1 }] }), 'invalid ulimit type: files');
  refused(
    () => check({ ulimits: [{ name: 'nofile', soft: 20, hard: 10 }] }),
    'ulimit soft limit must be less than or equal to hard limit: 20 > 10',
  );
  refused(() => check({ ulimits: [{ name: 'core', soft: -1, hard: 10 }] }), 'ulimit soft limit');
  check({ ulimits: [{ name: 'core', soft: 5, hard: -1 }] });
  refused(() => check({ shmSize: -1 }), 'SHM size can not be less than 0');
  refused(() => check({ oomScoreAdj: 1001 }), 'Invalid value 1001, range for oom score adj is [-1000, 1000]');
  refused(() => check({ runtime: 'kata' }), 'unknown or invalid runtime name: kata');
  refused(() => check({ tmpfs: { '/x': 'size=1m,evil' } }), 'Invalid tmpfs option ["evil"]');
  refused(() => check({ deviceCgroupRules: ['c 1:3 x'] }), "invalid device cgroup rule format: 'c 1:3 x'");
  refused(() => check({ capAdd: ['FLY'] }), 'FLY');
  refused(() => check({ securityOpt: ['nonsense'] }), 'nonsense');
  refused(() => check({}, { workingDir: 'here' }), "the working directory 'here' is invalid");
  refused(() => check({}, { env: ['=x'] }), 'invalid environment variable: =x');
  refused(() => check({}, { stopSignal: 'SIGNOPE' }), 'Invalid signal: SIGNOPE');
  refused(() => check({}, { exposedPorts: ['0/tcp'] }), 'invalid containerPort: 0/tcp');
  const healthcheck = {
    test: ['CMD', 'x'],
    interval: 5,
    timeout: 0,
    retries: 0,
    startPeriod: 0,
    startInterval: 0,
  };
  refused(() => check({}, { healthcheck }), 'Interval in Healthcheck cannot be less than 1ms');
});

test('device rules', () => {
  assert.deepEqual(parseDeviceRule('c 10:* rw'), { type: 'c', major: 10, minor: undefined, access: 'rw' });
});

test('limits', () => {
  refused(() => limits({ memory: 5 * 2 ** 20 }), 'Minimum memory limit allowed is 6MB');
  refused(
    () => limits({ memorySwap: 2 ** 30 }),
    'You should always set the Memory limit when using Memoryswap limit',
  );
  refused(
    () => limits({ memory: 2 ** 30, memorySwap: 2 ** 29 }),
    'Minimum memoryswap limit should be larger than memory limit',
  );
  refused(
    () => limits({ memory: 2 ** 29, memoryReservation: 2 ** 30 }),
    'can not be less than memory reservation limit',
  );
  refused(
    () => limits({ memorySwappiness: 101 }),
    'Invalid value: 101, valid memory swappiness range is 0-100',
  );
  refused(
    () => limits({ nanoCpus: 5e9 }),
    'range of CPUs is from 0.01 to 4.00, as there are only 4 CPUs available',
  );
  refused(
    () => limits({ nanoCpus: 1e9, cpuPeriod: 1000 }),
    'Conflicting options: Nano CPUs and CPU Period cannot both be set',
  );
  refused(() => limits({ cpuPeriod: 10 }), 'CPU cfs period can not be less than 1ms');
  refused(
    () => limits({ cpusetCpus: '0-9' }),
    'Requested CPUs are not available - requested 0-9, available: 0-3',
  );
  refused(() => limits({ cpusetCpus: 'x' }), 'Invalid value x for cpuset cpus');
  refused(() => limits({ cpusetCpus: '0-99999999999' }), 'Invalid value');
  refused(() => limits({ blkioWeight: 5 }), 'Range of blkio weight is from 10 to 1000');
  assert.equal(withDefaultSwap(resources({ memory: 2 ** 30 })).memorySwap, 2 ** 31);
  assert.equal(withDefaultSwap(resources({ memory: 2 ** 30, memorySwap: -1 })).memorySwap, -1);
});

test('a limit that the kernel cannot enforce is left out with a warning', () => {
  const { resources: left, warnings } = limits(
    { memory: 2 ** 30, memorySwap: 2 ** 31, pidsLimit: 10, cpuShares: 5 },
    { swapLimit: false, pidsLimit: false },
  );
  assert.deepEqual(
    [left.memory, left.memorySwap, left.pidsLimit, left.cpuShares],
    [2 ** 30, -1, undefined, 5],
  );
  assert.equal(warnings.length, 2);
  assert.match(warnings[0] ?? '', /swap limit capabilities.*Memory limited without swap\.$/);
  assert.equal(limits({ oomKillDisable: true }).warnings.length, 1);
});

test('limits: any numbers give limits or a refusal, never both and never something else', () => {
  const number = fc.oneof(fc.integer({ min: -10, max: 10 }), fc.integer({ min: 0, max: 2 ** 40 }));
  fc.assert(
    fc.property(
      number,
      number,
      number,
      number,
      number,
      (memory, memorySwap, nanoCpus, cpuPeriod, cpuQuota) => {
        try {
          const { resources: kept } = limits({ memory, memorySwap, nanoCpus, cpuPeriod, cpuQuota });
          assert.ok(kept.memory === 0 || kept.memory >= 6 * 2 ** 20);
          assert.ok(kept.memorySwap <= 0 || kept.memorySwap >= kept.memory);
          assert.ok(kept.nanoCpus >= 0 && kept.nanoCpus <= 4e9);
        } catch (error) {
          assert.ok(isKind(error, 'invalid'), String(error));
        }
      },
    ),
  );
});
