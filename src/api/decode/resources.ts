import type { Resources, RestartPolicy, ThrottleDevice, Ulimit } from '#engine/containers';
import { invalid } from '#lib/errors';
import type { HostConfig, Resources as WireResources } from '#protocol';

type WireThrottle = WireResources['BlkioDeviceReadBps'];

/** Limits as a whole: what was left out is unset. */
export function resources(wire: WireResources): Resources {
  return {
    memory: wire.Memory ?? 0,
    memorySwap: wire.MemorySwap ?? 0,
    memoryReservation: wire.MemoryReservation ?? 0,
    // -1 is how clients say "as the host has it".
    memorySwappiness: wire.MemorySwappiness === -1 ? undefined : wire.MemorySwappiness,
    kernelMemory: wire.KernelMemory ?? 0,
    ...(wire.KernelMemoryTCP && { kernelMemoryTcp: wire.KernelMemoryTCP }),
    nanoCpus: wire.NanoCpus ?? 0,
    cpuShares: wire.CpuShares ?? 0,
    cpuPeriod: wire.CpuPeriod ?? 0,
    cpuQuota: wire.CpuQuota ?? 0,
    cpuRealtimePeriod: wire.CpuRealtimePeriod ?? 0,
    cpuRealtimeRuntime: wire.CpuRealtimeRuntime ?? 0,
    cpusetCpus: wire.CpusetCpus ?? '',
    cpusetMems: wire.CpusetMems ?? '',
    pidsLimit: wire.PidsLimit,
    blkioWeight: wire.BlkioWeight ?? 0,
    blkioWeightDevices: (wire.BlkioWeightDevice ?? []).map(({ Path = '', Weight = 0 }) => ({
      path: Path,
      weight: Weight,
    })),
    blkioReadBps: throttles(wire.BlkioDeviceReadBps),
    blkioWriteBps: throttles(wire.BlkioDeviceWriteBps),
    blkioReadIops: throttles(wire.BlkioDeviceReadIOps),
    blkioWriteIops: throttles(wire.BlkioDeviceWriteIOps),
    oomKillDisable: wire.OomKillDisable,
  };
}

const throttles = (devices: WireThrottle = []): ThrottleDevice[] =>
  devices.map(({ Path = '', Rate = 0 }) => ({ path: Path, rate: Rate }));

export interface UpdateMeaning {
  /** Since 1.40. */
  readonly pids: boolean;
  /** Rules per device, which count since 1.55: an empty list takes them all back. */
  readonly perDevice: boolean;
  /** Until 1.41; it has had no effect for longer, which a client is warned of. */
  readonly kernelMemory: boolean;
}

/** What an update cannot change. */
const FIXED: readonly (keyof Resources)[] = ['memorySwappiness', 'oomKillDisable'];

/** Limits to change: Docker cannot tell "unset" from zero, so zero leaves a limit alone. */
export function resourceChanges(wire: WireResources, meaning: UpdateMeaning): Partial<Resources> {
  const { pids, perDevice, kernelMemory } = meaning;
  const { pidsLimit: _, ...all } = resources(kernelMemory ? wire : { ...wire, KernelMemory: 0 });
  const entries = Object.entries(all).filter(([name, value]) => {
    if (FIXED.some((fixed) => fixed === name)) return false;
    return !Array.isArray(value) && value !== undefined && value !== 0 && value !== '';
  });
  const changes: Partial<Resources> = Object.fromEntries(entries);
  return {
    ...changes,
    // Zero does mean something here: no limit.
    ...(pids && wire.PidsLimit !== undefined && { pidsLimit: wire.PidsLimit > 0 ? wire.PidsLimit : -1 }),
    ...(perDevice && {
      ...(wire.BlkioWeightDevice && { blkioWeightDevices: all.blkioWeightDevices }),
      ...(wire.BlkioDeviceReadBps && { blkioReadBps: all.blkioReadBps }),
      ...(wire.BlkioDeviceWriteBps && { blkioWriteBps: all.blkioWriteBps }),
      ...(wire.BlkioDeviceReadIOps && { blkioReadIops: all.blkioReadIops }),
      ...(wire.BlkioDeviceWriteIOps && { blkioWriteIops: all.blkioWriteIops }),
    }),
  };
}

export const ulimits = (wire: WireResources['Ulimits'] = []): Ulimit[] =>
  wire.map(({ Name = '', Soft = 0, Hard = 0 }) => {
    if (Name === '') throw invalid('invalid ulimit: the name is missing');
    return { name: Name, soft: Soft, hard: Hard };
  });

/** @throws invalid */
export function restartPolicy(wire: HostConfig['RestartPolicy'] = {}): RestartPolicy {
  const { Name = '', MaximumRetryCount = 0 } = wire;
  const name = Name === '' ? 'no' : Name;
  if (name !== 'no' && name !== 'always' && name !== 'unless-stopped' && name !== 'on-failure') {
    throw invalid(
      `invalid restart policy: unknown policy '${Name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    );
  }
  if (MaximumRetryCount < 0) {
    throw invalid('invalid restart policy: maximum retry count cannot be negative');
  }
  if (MaximumRetryCount > 0 && name !== 'on-failure') {
    throw invalid("invalid restart policy: maximum retry count can only be used with 'on-failure'");
  }
  return { name, maximumRetryCount: MaximumRetryCount };
}
