import { readFileSync } from 'node:fs';

/** USER_HZ is 100 on every architecture that Node runs on. */
export const NANOSECONDS_PER_TICK = 10_000_000n;

export interface SystemCpu {
  /** CPU time of all processors since boot, idle included, in nanoseconds. */
  readonly total: bigint;
  readonly online: number;
}

/** Parses /proc/stat: user, nice, system, idle, iowait, irq and softirq, as `docker stats` adds them up. */
export function parseSystemCpu(text: string): SystemCpu {
  const lines = text.split('\n');
  const all = lines.find((line) => /^cpu\s/.test(line)) ?? 'cpu';
  const ticks = all.trim().split(/\s+/).slice(1, 8);
  return {
    total: ticks.reduce((sum, count) => sum + BigInt(count), 0n) * NANOSECONDS_PER_TICK,
    online: lines.filter((line) => /^cpu\d/.test(line)).length,
  };
}

export const systemCpu = (): SystemCpu => parseSystemCpu(readFileSync('/proc/stat', 'utf8'));
