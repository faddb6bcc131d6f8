import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** An engine under measurement, in roots and namespaces of its own. */
export interface Peer extends AsyncDisposable {
  readonly name: string;
  /** Version line for the table's head. */
  readonly version: string;
  /** The command that people type, up to the verb: `['docker', '-H', ...]`. */
  readonly command: readonly string[];
  /** Flags that `run` needs on this host, beside what is measured. */
  readonly runFlags: readonly string[];
  /** Engine API socket, where it has one. */
  readonly socket: string | undefined;
  /** Matches the command lines of the engine's own processes. */
  readonly processes: RegExp;
}

/** Runs a command to its end; its standard output. Fails with its standard error. */
export function run(argv: readonly string[], input?: Buffer): Promise<string> {
  const [file = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = execFile(file, args, { maxBuffer: 64 * 2 ** 20 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${argv.join(' ')}: ${stderr || error.message}`));
      else resolve(stdout);
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

/** Proportional set size in bytes of every process whose command line matches, and how many there are. */
export function memoryOf(pattern: RegExp): { bytes: number; count: number } {
  let bytes = 0;
  let count = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      if (!pattern.test(commandLine)) continue;
      const pss = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
      bytes += Number(pss?.[1] ?? 0) * 1024;
      count++;
    } catch {
      // It ended while we looked.
    }
  }
  return { bytes, count };
}
