import { readdirSync, readFileSync } from 'node:fs';

/** Bytes that all processes have whose command line matches; pages that several share are divided among them. */
export function memoryOf(pattern: RegExp): number {
  let bytes = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      if (pattern.test(commandLine)) bytes += field(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'), 'Pss');
    } catch {
      // It ended while we looked.
    }
  }
  return bytes;
}

/** Bytes of a process that are in memory, shared or not. */
export const residentSetOf = (pid: number): number =>
  field(readFileSync(`/proc/${pid}/status`, 'utf8'), 'VmRSS');

const field = (text: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024;
