import type { HostSupport } from '#engine/system';
import type { Resources } from './record.ts';

/** A kind of limit: whether it is asked for, what enforces it, and what is left of the request without that. */
interface Limit {
  readonly isAsked: (resources: Resources) => boolean;
  readonly needs: keyof HostSupport;
  readonly feature: string;
  readonly without: Partial<Resources>;
  readonly effect: string;
}

const LIMITS: readonly Limit[] = [
  {
    isAsked: ({ memory }) => memory > 0,
    needs: 'memoryLimit',
    feature: 'memory limit capabilities',
    without: { memory: 0, memorySwap: 0 },
    effect: 'Limitation discarded.',
  },
  {
    isAsked: ({ memory, memorySwap }) => memory > 0 && memorySwap > 0,
    needs: 'swapLimit',
    feature: 'swap limit capabilities',
    without: { memorySwap: -1 },
    effect: 'Memory limited without swap.',
  },
  {
    isAsked: ({ memoryReservation }) => memoryReservation > 0,
    needs: 'memoryReservation',
    feature: 'memory soft limit capabilities',
    without: { memoryReservation: 0 },
    effect: 'Limitation discarded.',
  },
  {
    isAsked: ({ memorySwappiness = -1 }) => memorySwappiness !== -1,
    needs: 'memorySwappiness',
    feature: 'memory swappiness capabilities',
    without: { memorySwappiness: undefined },
    effect: 'Memory swappiness discarded.',
  },
  {
    isAsked: ({ kernelMemoryTcp = 0 }) => kernelMemoryTcp > 0,
    needs: 'kernelMemoryTcp',
    feature: 'kernel memory TCP limit capabilities',
    without: { kernelMemoryTcp: 0 },
    effect: 'Limitation discarded.',
  },
  {
    isAsked: ({ oomKillDisable }) => oomKillDisable === true,
    needs: 'oomKillDisable',
    feature: 'OomKillDisable',
    without: { oomKillDisable: undefined },
    effect: 'OomKillDisable discarded.',
  },
  {
    isAsked: ({ cpuShares }) => cpuShares > 0,
    needs: 'cpuShares',
    feature: 'CPU shares',
    without: { cpuShares: 0 },
    effect: 'Shares discarded.',
  },
  {
    isAsked: ({ nanoCpus, cpuPeriod, cpuQuota }) => nanoCpus > 0 || cpuPeriod > 0 || cpuQuota > 0,
    needs: 'cpuCfs',
    feature: 'CPU CFS scheduler',
    without: { nanoCpus: 0, cpuPeriod: 0, cpuQuota: 0 },
    effect: 'Period and quota discarded.',
  },
  {
    isAsked: ({ cpuRealtimePeriod, cpuRealtimeRuntime }) => cpuRealtimePeriod > 0 || cpuRealtimeRuntime > 0,
    needs: 'cpuRealtime',
    feature: 'CPU real-time scheduler',
    without: { cpuRealtimePeriod: 0, cpuRealtimeRuntime: 0 },
    effect: 'Real-time period and runtime discarded.',
  },
  {
    isAsked: ({ cpusetCpus, cpusetMems }) => cpusetCpus !== '' || cpusetMems !== '',
    needs: 'cpuSet',
    feature: 'cpuset',
    without: { cpusetCpus: '', cpusetMems: '' },
    effect: 'Cpuset discarded.',
  },
  {
    isAsked: ({ pidsLimit = 0 }) => pidsLimit > 0,
    needs: 'pidsLimit',
    feature: 'pids limit capabilities',
    without: { pidsLimit: undefined },
    effect: 'PIDs limit discarded.',
  },
  {
    isAsked: ({ blkioWeight }) => blkioWeight > 0,
    needs: 'blkioWeight',
    feature: 'Block I/O weight',
    without: { blkioWeight: 0 },
    effect: 'Weight discarded.',
  },
  {
    isAsked: ({ blkioWeightDevices }) => blkioWeightDevices.length > 0,
    needs: 'blkioWeightDevice',
    feature: 'Block I/O weight_device',
    without: { blkioWeightDevices: [] },
    effect: 'Weight-device discarded.',
  },
  {
    isAsked: ({ blkioReadBps, blkioWriteBps, blkioReadIops, blkioWriteIops }) =>
      [blkioReadBps, blkioWriteBps, blkioReadIops, blkioWriteIops].some((devices) => devices.length > 0),
    needs: 'blkioThrottle',
    feature: 'Block I/O throttling',
    without: { blkioReadBps: [], blkioWriteBps: [], blkioReadIops: [], blkioWriteIops: [] },
    effect: 'Limits discarded.',
  },
];

/** Leaves out the limits that this kernel cannot enforce, with Docker's warning for each. */
export function withSupported(
  asked: Resources,
  support: HostSupport,
): { resources: Resources; warnings: string[] } {
  const missing = LIMITS.filter(({ isAsked, needs }) => isAsked(asked) && !support[needs]);
  const warnings = missing.map(
    ({ feature, effect }) =>
      `Your kernel does not support ${feature} or the cgroup is not mounted. ${effect}`,
  );
  if (asked.kernelMemory > 0) {
    warnings.push('Specifying a kernel memory limit is deprecated and has no effect.');
  }
  const resources = missing.reduce<Resources>((left, { without }) => ({ ...left, ...without }), {
    ...asked,
    kernelMemory: 0,
  });
  if (resources.oomKillDisable && resources.memory === 0) {
    warnings.push(
      'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
    );
  }
  return { resources, warnings };
}
