import { shortId } from '#lib/ids';
import { formatBinarySize, formatSize } from '#lib/sizes';
import type { BlkioStatEntry, ContainerStats, MemoryStats } from '#protocol';
import type { Listing, Row } from '../../output/list.ts';

const NOTHING = '--';

export const statsListing: Listing = {
  titles: {
    BlockIO: 'BLOCK I/O',
    CPUPerc: 'CPU %',
    Container: 'CONTAINER',
    ID: 'CONTAINER ID',
    MemPerc: 'MEM %',
    MemUsage: 'MEM USAGE / LIMIT',
    Name: 'NAME',
    NetIO: 'NET I/O',
    PIDs: 'PIDS',
  },
  columns: ['ID', 'Name', 'CPUPerc', 'MemUsage', 'MemPerc', 'NetIO', 'BlockIO', 'PIDs'],
};

/** A line of `stats`; dashes while there is no sample. `container` is what the user called it. */
export function statsRow(container: string, sample: ContainerStats | undefined, truncate: boolean): Row {
  const shown = (name: string) => (truncate && /^[0-9a-f]{64}$/.test(name) ? shortId(name) : name);
  if (!sample) {
    const both = `${NOTHING} / ${NOTHING}`;
    return {
      BlockIO: both,
      CPUPerc: NOTHING,
      Container: shown(container),
      ID: shown(container),
      MemPerc: NOTHING,
      MemUsage: both,
      Name: NOTHING,
      NetIO: both,
      PIDs: NOTHING,
    };
  }
  const used = usedMemory(sample.memory_stats);
  const limit = sample.memory_stats.limit ?? 0;
  const [read, written] = blockIo(sample.blkio_stats.io_service_bytes_recursive ?? []);
  const networks = Object.values(sample.networks ?? {});
  const received = networks.reduce((total, { rx_bytes }) => total + rx_bytes, 0);
  const sent = networks.reduce((total, { tx_bytes }) => total + tx_bytes, 0);
  return {
    BlockIO: `${formatSize(read, 3)} / ${formatSize(written, 3)}`,
    CPUPerc: `${cpuPercent(sample).toFixed(2)}%`,
    Container: shown(container),
    ID: shown(sample.id),
    MemPerc: `${(limit > 0 ? (used / limit) * 100 : 0).toFixed(2)}%`,
    MemUsage: `${formatBinarySize(used)} / ${formatBinarySize(limit)}`,
    Name: sample.name.replace(/^\//, ''),
    NetIO: `${formatSize(received, 3)} / ${formatSize(sent, 3)}`,
    PIDs: String(sample.pids_stats.current ?? 0),
  };
}

/** Of one CPU: two busy ones are 200 %. */
export function cpuPercent({ cpu_stats: now, precpu_stats: before }: ContainerStats): number {
  const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
  const passed = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
  const cpus = now.online_cpus || now.cpu_usage.percpu_usage?.length || 1;
  return used > 0 && passed > 0 ? (used / passed) * cpus * 100 : 0;
}

/** Without the page cache that the kernel would give back: cgroup v1 and v2 count it under different names. */
export function usedMemory({ usage = 0, stats = {} }: MemoryStats): number {
  const inactive = stats['total_inactive_file'] ?? stats['inactive_file'] ?? 0;
  return inactive < usage ? usage - inactive : usage;
}

function blockIo(entries: readonly BlkioStatEntry[]): [read: number, written: number] {
  const total = (letter: string) =>
    entries.filter(({ op }) => op[0]?.toLowerCase() === letter).reduce((sum, { value }) => sum + value, 0);
  return [total('r'), total('w')];
}
