import type { HostSupport } from '#engine/system';
import { invalid } from '#lib/errors';
import { isSubset, parseCpuList } from './cpu-list.ts';
import type { Resources } from './record.ts';
import { withSupported } from './supported-resources.ts';

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
  const supported = withSupported(resources, support);
  // Of a weight that counts for nothing Docker does not ask how large it is.
  checkBlkio(supported.resources);
  return supported;
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

/** Docker's rule for `-m` alone: as much swap again. */
export const withDefaultSwap = (resources: Resources): Resources =>
  resources.memory > 0 && resources.memorySwap === 0
    ? { ...resources, memorySwap: resources.memory * 2 }
    : resources;
