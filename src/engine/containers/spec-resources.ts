import { statSync } from 'node:fs';
import { codeOf, invalid } from '#lib/errors';
import type {
  BlockIoLimits,
  CpuLimits,
  MemoryLimits,
  Resources as SpecResources,
  Throttle,
} from '#oci/runtime-spec';
import type { Resources, ThrottleDevice } from './record.ts';
import { deviceNumber } from './spec-devices.ts';

/** Microseconds: the period that `--cpus` is counted in. */
const CPU_PERIOD = 100_000;

/**
 * Limits in the runtime's terms, without those that are not set. What the kernel cannot enforce has been
 * taken out when they were checked.
 * @throws invalid naming a block device that does not exist
 */
export function specResources(resources: Resources): SpecResources {
  const limits: SpecResources | undefined = defined<SpecResources>({
    memory: defined<MemoryLimits>({
      limit: resources.memory || undefined,
      swap: resources.memory > 0 ? resources.memorySwap || undefined : undefined,
      reservation: resources.memoryReservation || undefined,
      kernelTCP: resources.kernelMemoryTcp || undefined,
      swappiness: resources.memorySwappiness === -1 ? undefined : resources.memorySwappiness,
      disableOOMKiller: resources.oomKillDisable || undefined,
    }),
    cpu: cpuLimits(resources),
    pids: pidsLimit(resources.pidsLimit),
    blockIO: blockIoLimits(resources),
  });
  return limits ?? {};
}

function cpuLimits(resources: Resources): CpuLimits | undefined {
  const cpus = resources.nanoCpus / 1e9;
  return defined<CpuLimits>({
    shares: resources.cpuShares || undefined,
    period: cpus > 0 ? CPU_PERIOD : resources.cpuPeriod || undefined,
    quota: cpus > 0 ? Math.round(cpus * CPU_PERIOD) : resources.cpuQuota || undefined,
    realtimePeriod: resources.cpuRealtimePeriod || undefined,
    realtimeRuntime: resources.cpuRealtimeRuntime || undefined,
    cpus: resources.cpusetCpus || undefined,
    mems: resources.cpusetMems || undefined,
  });
}

const pidsLimit = (limit: number | undefined) =>
  limit === undefined || limit === 0 ? undefined : { limit: limit < 0 ? -1 : limit };

function blockIoLimits(resources: Resources): BlockIoLimits | undefined {
  return defined<BlockIoLimits>({
    weight: resources.blkioWeight || undefined,
    weightDevice: unlessEmpty(
      resources.blkioWeightDevices.map(({ path, weight }) => ({ ...blockDevice(path), weight })),
    ),
    throttleReadBpsDevice: throttles(resources.blkioReadBps),
    throttleWriteBpsDevice: throttles(resources.blkioWriteBps),
    throttleReadIOPSDevice: throttles(resources.blkioReadIops),
    throttleWriteIOPSDevice: throttles(resources.blkioWriteIops),
  });
}

const throttles = (devices: readonly ThrottleDevice[]): Throttle[] | undefined =>
  unlessEmpty(devices.map(({ path, rate }) => ({ ...blockDevice(path), rate })));

function blockDevice(path: string): { major: number; minor: number } {
  try {
    const stat = statSync(path, { bigint: true });
    if (stat.isBlockDevice()) return deviceNumber(stat.rdev);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
  throw invalid(`cannot limit block I/O: no such block device: ${path}`);
}

const unlessEmpty = <T>(list: T[]): T[] | undefined => (list.length > 0 ? list : undefined);

/** Without the fields that are undefined; undefined when none is left. */
function defined<T extends object>(fields: T): T;
function defined<T extends object>(fields: T): T | undefined {
  const present = Object.entries(fields).filter(([, value]) => value !== undefined);
  return present.length > 0 ? (Object.fromEntries(present) as T) : undefined;
}
