import { int, string, uint } from '../../../flags/flag.ts';
import { cpus, size, swapSize } from '../../../flags/size.ts';

/** Limits that a running container can be given too: `create`, `run` and `update` have them. */
export const resourceFlags = {
  'blkio-weight': uint('Block IO weight, 10 to 1000, or 0 for the default', { value: 'uint16', max: 65535 }),
  'cpu-period': int('CPU CFS period in microseconds'),
  'cpu-quota': int('CPU CFS quota in microseconds'),
  'cpu-rt-period': int('CPU real-time period in microseconds'),
  'cpu-rt-runtime': int('CPU real-time runtime in microseconds'),
  'cpu-shares': int('CPU shares (relative weight)', { short: 'c' }),
  cpus: cpus('Number of CPUs'),
  'cpuset-cpus': string('CPUs it may use (0-3, 0,1)'),
  'cpuset-mems': string('Memory nodes it may use (0-3, 0,1)'),
  'kernel-memory': size('Kernel memory limit', { hidden: true }),
  memory: size('Memory limit', { short: 'm' }),
  'memory-reservation': size('Memory soft limit'),
  'memory-swap': swapSize('Limit of memory and swap together: -1 for unlimited swap'),
  'pids-limit': int('Most processes (-1 for no limit)'),
} as const;
