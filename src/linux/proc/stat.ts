import { readFileSync } from 'node:fs';
import { codeOf } from '#lib/errors';

export interface ProcStat {
  readonly pid: number;
  /** At most 15 bytes; whatever the process calls itself. */
  readonly command: string;
  /** `R`, `S`, `D`, `Z`... */
  readonly state: string;
  readonly parent: number;
  /** Clock ticks from boot to start: with the pid and the boot id it names one process for good. */
  readonly startTime: string;
}

/**
 * Parses /proc/PID/stat, proc_pid_stat(5). The command stands in parentheses and may itself contain
 * spaces and parentheses (`a) R 1 (b`), so the fields start after the last one.
 */
export function parseStat(text: string): ProcStat | undefined {
  const open = text.indexOf('(');
  const end = text.lastIndexOf(')');
  const fields = text.slice(end + 2).split(' ');
  const [state, parent] = fields;
  const startTime = fields[19];
  if (open < 0 || end < open || !state || parent === undefined || startTime === undefined) return undefined;
  return {
    pid: Number(text.slice(0, open)),
    command: text.slice(open + 1, end),
    state,
    parent: Number(parent),
    startTime,
  };
}

/** /proc/PID/stat; undefined when the process is gone. */
export function readStat(pid: number): ProcStat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch (error) {
    const code = codeOf(error);
    // ESRCH: it went between open and read.
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}
