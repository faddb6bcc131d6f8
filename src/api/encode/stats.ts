import type { ContainerStats } from '#engine/containers';
import { NEVER } from '#lib/time';
import type { BlkioStatEntry, CpuStats, MemoryStats, ContainerStats as WireStats } from '#protocol';

type CgroupStats = NonNullable<ContainerStats['cgroup']>;
type BlkioEntry = CgroupStats['blkio']['ioServiceBytes'][number];

const NO_CPU: CpuStats = {
  cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
};

/** `previous` is the sample that clients compute rates against. */
export function containerStats(sample: ContainerStats, previous: WireStats | undefined): WireStats {
  const { cgroup } = sample;
  return {
    name: `/${sample.name}`,
    id: sample.id,
    preread: previous?.read ?? NEVER,
    read: cgroup ? sample.read : NEVER,
    num_procs: 0,
    pids_stats: cgroup ? pidsStats(cgroup) : {},
    cpu_stats: cgroup ? cpuStats(sample, cgroup) : NO_CPU,
    precpu_stats: previous?.cpu_stats ?? NO_CPU,
    memory_stats: cgroup ? memoryStats(sample, cgroup) : {},
    blkio_stats: {
      io_service_bytes_recursive: cgroup ? cgroup.blkio.ioServiceBytes.map(blkioEntry) : null,
      io_serviced_recursive:
        cgroup && cgroup.blkio.ioServiced.length > 0 ? cgroup.blkio.ioServiced.map(blkioEntry) : null,
      io_queue_recursive: null,
      io_service_time_recursive: null,
      io_wait_time_recursive: null,
      io_merged_recursive: null,
      io_time_recursive: null,
      sectors_recursive: null,
    },
    storage_stats: {},
    ...(cgroup && { networks: networkStats(sample.networks) }),
  };
}

// Nanoseconds as numbers: past 2^53 the last digits are lost, as they are in every client that reads doubles.
function cpuStats(sample: ContainerStats, { cpu }: CgroupStats): CpuStats {
  return {
    cpu_usage: {
      total_usage: Number(cpu.usage),
      ...(cpu.perCpu && { percpu_usage: cpu.perCpu.map(Number) }),
      usage_in_kernelmode: Number(cpu.system),
      usage_in_usermode: Number(cpu.user),
    },
    system_cpu_usage: Number(sample.systemCpu.total),
    online_cpus: sample.systemCpu.online,
    throttling_data: {
      periods: cpu.periods,
      throttled_periods: cpu.throttledPeriods,
      throttled_time: Number(cpu.throttledTime),
    },
  };
}

function memoryStats(sample: ContainerStats, { memory }: CgroupStats): MemoryStats {
  return {
    usage: memory.usage,
    ...(memory.maxUsage !== undefined && { max_usage: memory.maxUsage }),
    stats: memory.stats,
    ...(memory.failcnt !== undefined && { failcnt: memory.failcnt }),
    limit: sample.memoryLimit,
  };
}

const pidsStats = ({ pids }: CgroupStats) => ({
  current: pids.current,
  ...(pids.limit !== undefined && { limit: pids.limit }),
});

const blkioEntry = ({ major, minor, op, value }: BlkioEntry): BlkioStatEntry => ({ major, minor, op, value });

function networkStats(networks: ContainerStats['networks']): NonNullable<WireStats['networks']> {
  return Object.fromEntries(
    Object.entries(networks).map(([name, counters]) => [
      name,
      {
        rx_bytes: counters.rxBytes,
        rx_packets: counters.rxPackets,
        rx_errors: counters.rxErrors,
        rx_dropped: counters.rxDropped,
        tx_bytes: counters.txBytes,
        tx_packets: counters.txPackets,
        tx_errors: counters.txErrors,
        tx_dropped: counters.txDropped,
      },
    ]),
  );
}
