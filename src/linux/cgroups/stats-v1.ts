import { totalmem } from 'node:os';
import { join } from 'node:path';
import { NANOSECONDS_PER_TICK } from '../proc/cpu.ts';
import { parseKeyed, parseValue, readControl } from './files.ts';
import { type BlkioEntry, type CgroupStats, optional } from './stats.ts';

/** `8:0 Read 4096` lines; the last line of all (`Total 4096`) has no device. */
export function parseBlkio(text: string): BlkioEntry[] {
  return text.split('\n').flatMap((line) => {
    const match = /^(\d+):(\d+) (\w+) (\d+)$/.exec(line.trim());
    if (!match) return [];
    const [, major, minor, op = '', value] = match;
    return [{ major: Number(major), minor: Number(minor), op: op.toLowerCase(), value: Number(value) }];
  });
}

/** Statistics of `<root>/<controller><path>`. */
export async function statsV1(root: string, path: string): Promise<CgroupStats> {
  const read = (controller: string, file: string) => readControl(join(root, controller, path, file));
  const blkio = async (file: string) =>
    (await read('blkio', `blkio.throttle.${file}_recursive`)) ||
    (await read('blkio', `blkio.throttle.${file}`));
  const [
    usage,
    times,
    perCpu,
    throttling,
    memory,
    peak,
    limit,
    failures,
    details,
    pids,
    pidsLimit,
    bytes,
    operations,
  ] = await Promise.all([
    read('cpuacct', 'cpuacct.usage'),
    read('cpuacct', 'cpuacct.stat'),
    read('cpuacct', 'cpuacct.usage_percpu'),
    read('cpu', 'cpu.stat'),
    read('memory', 'memory.usage_in_bytes'),
    read('memory', 'memory.max_usage_in_bytes'),
    read('memory', 'memory.limit_in_bytes'),
    read('memory', 'memory.failcnt'),
    read('memory', 'memory.stat'),
    read('pids', 'pids.current'),
    read('pids', 'pids.max'),
    blkio('io_service_bytes'),
    blkio('io_serviced'),
  ]);
  const ticks = parseKeyed(times);
  const quota = parseKeyed(throttling);
  return {
    cpu: {
      usage: parseValue(usage) ?? 0n,
      user: (ticks.get('user') ?? 0n) * NANOSECONDS_PER_TICK,
      system: (ticks.get('system') ?? 0n) * NANOSECONDS_PER_TICK,
      perCpu: perCpu.trim().split(/\s+/).filter(Boolean).map(BigInt),
      periods: Number(quota.get('nr_periods') ?? 0n),
      throttledPeriods: Number(quota.get('nr_throttled') ?? 0n),
      throttledTime: quota.get('throttled_time') ?? 0n,
    },
    memory: {
      usage: Number(parseValue(memory) ?? 0n),
      ...optional('maxUsage', parseValue(peak)),
      // No limit is a number near 2^63 here.
      limit: Math.min(Number(parseValue(limit) ?? 0n) || totalmem(), totalmem()),
      ...optional('failcnt', parseValue(failures)),
      stats: Object.fromEntries([...parseKeyed(details)].map(([name, value]) => [name, Number(value)])),
    },
    pids: { current: Number(parseValue(pids) ?? 0n), ...optional('limit', parseValue(pidsLimit)) },
    blkio: { ioServiceBytes: parseBlkio(bytes), ioServiced: parseBlkio(operations) },
  };
}
