import { readdirSync, readFileSync } from 'node:fs';

export interface Memory {
  /** Bytes: pages that several processes share are divided among them. */
  readonly proportional: number;
  /** Bytes that are in memory for them, shared or not. */
  readonly resident: number;
}

/** What all processes have whose command line matches. */
export function memoryOf(pattern: RegExp): Memory {
  let [proportional, resident] = [0, 0];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      if (!pattern.test(commandLine)) continue;
      const summary = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
      proportional += field(summary, 'Pss');
      resident += field(summary, 'Rss');
    } catch {
      // It ended while we looked.
    }
  }
  return { proportional, resident };
}

const field = (summary: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(summary)?.[1] ?? 0) * 1024;
