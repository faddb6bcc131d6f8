import type { HostSupport } from '#engine/system';
import { invalid } from '#lib/errors';
import { isSubset, parseCpuList } from './cpu-list.ts';
import type { Resources } from './record.ts';

const SMALLEST_MEMORY = 6 * 2 ** 20;
/** Microseconds. */
const PERIOD = { smallest: 1000, largest: 1_000_000 };

/**
 * Checks limits, and leaves out with a warning those that this kernel cannot enforce.
 * @throws invalid with Docker's texts
 */
export function checkResources(
  resources: Resources,
  support: HostSupport,
  cpus: number,
): { resources: Resources; warnings: string[] } {
  checkMemory(resources);
  checkCpu(resources, cpus);
  checkCpuset(resources, support);
  checkBlkio(resources);
  return withSupported(resources, support);
}

function checkMemory(resources: Resources): void {
  const { memory, memorySwap, memorySwappiness, memoryReservation } = resources;
  if (memory !== 0 && memory < SMALLEST_MEMORY) throw invalid('Minimum memory limit allowed is 6MB');
  if (memory === 0 && memorySwap > 0) {
    throw invalid('You should always set the Memory limit when using Memoryswap limit, see usage');
  }
  if (memorySwap < -1) throw invalid(`Invalid memoryswap limit: ${memorySwap}: use -1 for unlimited swap`);
  if (memory > 0 && memorySwap > 0 && memorySwap < memory) {
    throw invalid('Minimum memoryswap limit should be larger than memory limit, see usage');
  }
  if (memorySwappiness !== undefined && (memorySwappiness < -1 || memorySwappiness > 100)) {
    throw invalid(`Invalid value: ${memorySwappiness}, valid memory swappiness range is 0-100`);
  }
  if (memoryReservation !== 0 && memoryReservation < SMALLEST_MEMORY) {
    throw invalid('Minimum memory reservation allowed is 6MB');
  }
  if (memory > 0 && memoryReservation > memory) {
    throw invalid('Minimum memory limit can not be less than memory reservation limit, see usage');
  }
}

function checkCpu(resources: Resources, cpus: number): void {
  const { nanoCpus, cpuPeriod, cpuQuota, cpuShares } = resources;
  if (nanoCpus > 0 && cpuPeriod > 0) {
    throw invalid('Conflicting options: Nano CPUs and CPU Period cannot both be set');
  }
  if (nanoCpus > 0 && cpuQuota > 0) {
    throw invalid('Conflicting options: Nano CPUs and CPU Quota cannot both be set');
  }
  if (nanoCpus < 0 || nanoCpus > cpus * 1e9 || (nanoCpus > 0 && nanoCpus < 1e7)) {
    throw invalid(
      `range of CPUs is from 0.01 to ${cpus.toFixed(2)}, as there are only ${cpus} CPUs available`,
    );
  }
  if (cpuShares < 0) throw invalid(`invalid CPU shares (${cpuShares}): value must be a positive integer`);
  if (cpuPeriod !== 0 && (cpuPeriod < PERIOD.smallest || cpuPeriod > PERIOD.largest)) {
    throw invalid('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
  }
  if (cpuQuota > 0 && cpuQuota < PERIOD.smallest) {
    throw invalid('CPU cfs quota can not be less than 1ms (i.e. 1000)');
  }
  if (resources.cpuRealtimePeriod > 0 && resources.cpuRealtimeRuntime > resources.cpuRealtimePeriod) {
    throw invalid('cpu real-time runtime cannot be higher than cpu real-time period');
  }
}

function checkCpuset({ cpusetCpus, cpusetMems }: Resources, support: HostSupport): void {
  if (cpusetCpus !== '') {
    checkList(cpusetCpus, support.onlineCpus, 'cpuset cpus', 'CPUs');
  }
  if (cpusetMems !== '') {
    checkList(cpusetMems, support.memoryNodes, 'cpuset mems', 'memory nodes');
  }
}

function checkList(requested: string, available: string, field: string, what: string): void {
  let numbers: ReadonlySet<number>;
  try {
    numbers = parseCpuList(requested);
  } catch (error) {
    throw invalid(`Invalid value ${requested} for ${field}`, error);
  }
  if (!isSubset(numbers, parseCpuList(available))) {
    throw invalid(`Requested ${what} are not available - requested ${requested}, available: ${available}`);
  }
}

function checkBlkio(resources: Resources): void {
  const inRange = (weight: number) => weight === 0 || (weight >= 10 && weight <= 1000);
  if (!inRange(resources.blkioWeight)) throw invalid('Range of blkio weight is from 10 to 1000');
  for (const { path, weight } of resources.blkioWeightDevices) {
    if (!inRange(weight)) throw invalid(`Range of blkio weight of ${path} is from 10 to 1000`);
  }
}

/** One line for each kind of limit: is it asked for, can it be had, and what to say otherwise. */
function withSupported(asked: Resources, support: HostSupport): { resources: Resources; warnings: string[] } {
  let resources = asked;
  const warnings: string[] = [];
  const need = (
    wanted: boolean,
    present: boolean,
    feature: string,
    without: Partial<Resources>,
    effect: string,
  ) => {
    if (!wanted || present) return;
    resources = { ...resources, ...without };
    warnings.push(`Your kernel does not support ${feature} or the cgroup is not mounted. ${effect}`);
  };
  const limitsMemory = asked.memory > 0;
  need(
    limitsMemory,
    support.memoryLimit,
    'memory limit capabilities',
    { memory: 0, memorySwap: 0 },
    'Limitation discarded.',
  );
  need(
    limitsMemory && asked.memorySwap !== 0 && asked.memorySwap !== -1,
    support.swapLimit,
    'swap limit capabilities',
    { memorySwap: -1 },
    'Memory limited without swap.',
  );
  need(
    asked.memoryReservation > 0,
    support.memoryReservation,
    'memory soft limit capabilities',
    { memoryReservation: 0 },
    'Limitation discarded.',
  );
  need(
    (asked.memorySwappiness ?? -1) !== -1,
    support.memorySwappiness,
    'memory swappiness capabilities',
    { memorySwappiness: undefined },
    'Memory swappiness discarded.',
  );
  need(
    asked.oomKillDisable === true,
    support.oomKillDisable,
    'OomKillDisable',
    { oomKillDisable: undefined },
    'OomKillDisable discarded.',
  );
  need(asked.cpuShares > 0, support.cpuShares, 'CPU shares', { cpuShares: 0 }, 'Shares discarded.');
  need(
    asked.nanoCpus > 0 || asked.cpuPeriod > 0 || asked.cpuQuota > 0,
    support.cpuCfs,
    'CPU CFS scheduler',
    { nanoCpus: 0, cpuPeriod: 0, cpuQuota: 0 },
    'Period and quota discarded.',
  );
  need(
    asked.cpuRealtimePeriod > 0 || asked.cpuRealtimeRuntime > 0,
    support.cpuRealtime,
    'CPU real-time scheduler',
    { cpuRealtimePeriod: 0, cpuRealtimeRuntime: 0 },
    'Real-time period and runtime discarded.',
  );
  need(
    asked.cpusetCpus !== '' || asked.cpusetMems !== '',
    support.cpuSet,
    'cpuset',
    { cpusetCpus: '', cpusetMems: '' },
    'Cpuset discarded.',
  );
  need(
    (asked.pidsLimit ?? 0) > 0,
    support.pidsLimit,
    'pids limit capabilities',
    { pidsLimit: undefined },
    'PIDs limit discarded.',
  );
  need(
    asked.blkioWeight > 0 || asked.blkioWeightDevices.length > 0,
    support.blkioWeight,
    'Block I/O weight',
    { blkioWeight: 0, blkioWeightDevices: [] },
    'Weight discarded.',
  );
  const throttles = [asked.blkioReadBps, asked.blkioWriteBps, asked.blkioReadIops, asked.blkioWriteIops];
  need(
    throttles.some((list) => list.length > 0),
    support.blkioThrottle,
    'Block I/O throttling',
    { blkioReadBps: [], blkioWriteBps: [], blkioReadIops: [], blkioWriteIops: [] },
    'Limits discarded.',
  );
  if (asked.kernelMemory > 0) {
    resources = { ...resources, kernelMemory: 0 };
    warnings.push('Specifying a kernel memory limit is deprecated and has no effect.');
  }
  if (resources.oomKillDisable && resources.memory === 0) {
    warnings.push(
      'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
    );
  }
  return { resources, warnings };
}

/** Docker's rule for `-m` alone: as much swap again. */
export const withDefaultSwap = (resources: Resources): Resources =>
  resources.memory > 0 && resources.memorySwap === 0
    ? { ...resources, memorySwap: resources.memory * 2 }
    : resources;
