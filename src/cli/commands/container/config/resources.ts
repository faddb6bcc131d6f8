import type { Resources } from '#protocol';
import type { FlagValues } from '../../../flags/flag.ts';
import type { CreateFlags } from './flags.ts';
import type { resourceFlags } from './resource-flags.ts';

/** The limits that `update` can change too. What was not given is left out. */
export function updatableResources(flags: FlagValues<typeof resourceFlags>): Resources {
  return {
    BlkioWeight: flags['blkio-weight'],
    CpuPeriod: flags['cpu-period'],
    CpuQuota: flags['cpu-quota'],
    CpuRealtimePeriod: flags['cpu-rt-period'],
    CpuRealtimeRuntime: flags['cpu-rt-runtime'],
    CpuShares: flags['cpu-shares'],
    NanoCpus: flags.cpus,
    CpusetCpus: flags['cpuset-cpus'] || undefined,
    CpusetMems: flags['cpuset-mems'] || undefined,
    KernelMemory: flags['kernel-memory'],
    Memory: flags.memory,
    MemoryReservation: flags['memory-reservation'],
    MemorySwap: flags['memory-swap'],
    PidsLimit: flags['pids-limit'],
  };
}

export function createResources(flags: CreateFlags): Resources {
  const swappiness = flags['memory-swappiness'];
  return {
    ...updatableResources(flags),
    CgroupParent: flags['cgroup-parent'] || undefined,
    BlkioWeightDevice: some(flags['blkio-weight-device']),
    BlkioDeviceReadBps: some(flags['device-read-bps']),
    BlkioDeviceWriteBps: some(flags['device-write-bps']),
    BlkioDeviceReadIOps: some(flags['device-read-iops']),
    BlkioDeviceWriteIOps: some(flags['device-write-iops']),
    Devices: some(flags.device),
    DeviceCgroupRules: some(flags['device-cgroup-rule']),
    DeviceRequests: some(flags.gpus),
    MemorySwappiness: swappiness === -1 ? undefined : swappiness,
    OomKillDisable: flags['oom-kill-disable'] || undefined,
    Ulimits: some(flags.ulimit),
  };
}

/** JSON leaves undefined out: an empty list is not sent. */
export const some = <T>(list: readonly T[]): readonly T[] | undefined => (list.length > 0 ? list : undefined);
