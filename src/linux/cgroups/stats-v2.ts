import { totalmem } from 'node:os';
import { join } from 'node:path';
import { parseKeyed, parseValue, readControl } from './files.ts';
import { type BlkioEntry, type CgroupStats, optional } from './stats.ts';

const NANOSECONDS_PER_MICROSECOND = 1000n;

const BYTES: Readonly<Record<string, string>> = { rbytes: 'read', wbytes: 'write', dbytes: 'discard' };
const OPERATIONS: Readonly<Record<string, string>> = { rios: 'read', wios: 'write', dios: 'discard' };

/** io.stat: `8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0`, a line per device. */
export function parseIoStat(text: string): CgroupStats['blkio'] {
  const ioServiceBytes: BlkioEntry[] = [];
  const ioServiced: BlkioEntry[] = [];
  for (const line of text.split('\n')) {
    const [device = '', ...fields] = line.trim().split(/\s+/);
    const match = /^(\d+):(\d+)$/.exec(device);
    if (!match) continue;
    const [major, minor] = [Number(match[1]), Number(match[2])];
    for (const field of fields) {
      const [, key = '', value] = /^(\w+)=(\d+)$/.exec(field) ?? [];
      const add = (list: BlkioEntry[], op: string | undefined) => {
        if (op !== undefined) list.push({ major, minor, op, value: Number(value) });
      };
      add(ioServiceBytes, Object.hasOwn(BYTES, key) ? BYTES[key] : undefined);
      add(ioServiced, Object.hasOwn(OPERATIONS, key) ? OPERATIONS[key] : undefined);
    }
  }
  return { ioServiceBytes, ioServiced };
}

/** Statistics of the one directory that a cgroup has on v2. */
export async function statsV2(directory: string): Promise<CgroupStats> {
  const read = (file: string) => readControl(join(directory, file));
  const [cpuText, memory, peak, limit, events, details, pids, pidsLimit, io] = await Promise.all([
    read('cpu.stat'),
    read('memory.current'),
    read('memory.peak'),
    read('memory.max'),
    read('memory.events'),
    read('memory.stat'),
    read('pids.current'),
    read('pids.max'),
    read('io.stat'),
  ]);
  const cpu = parseKeyed(cpuText);
  const time = (name: string) => (cpu.get(name) ?? 0n) * NANOSECONDS_PER_MICROSECOND;
  return {
    cpu: {
      usage: time('usage_usec'),
      user: time('user_usec'),
      system: time('system_usec'),
      periods: Number(cpu.get('nr_periods') ?? 0n),
      throttledPeriods: Number(cpu.get('nr_throttled') ?? 0n),
      throttledTime: time('throttled_usec'),
    },
    memory: {
      usage: Number(parseValue(memory) ?? 0n),
      ...optional('maxUsage', parseValue(peak)),
      limit: Math.min(Number(parseValue(limit) ?? totalmem()), totalmem()),
      ...optional('failcnt', parseKeyed(events).get('oom')),
      stats: Object.fromEntries([...parseKeyed(details)].map(([name, value]) => [name, Number(value)])),
    },
    pids: { current: Number(parseValue(pids) ?? 0n), ...optional('limit', parseValue(pidsLimit)) },
    blkio: parseIoStat(io),
  };
}
