import { execFile } from 'node:child_process';
import { conflict, invalid, unavailable } from '#lib/errors';
import type { Context } from './context.ts';
import { hasProcess } from './state.ts';

export interface ProcessList {
  readonly titles: string[];
  readonly processes: string[][];
}

/**
 * ps(1) of the host, with the user's arguments, on the container's processes.
 * @throws notFound, conflict when it does not run, invalid for what ps refuses
 */
export async function top(context: Context, reference: string, psArguments: string): Promise<ProcessList> {
  const { id, state } = context.store.get(reference);
  if (!hasProcess(state)) throw conflict(`container ${id} is not running`);
  const words = (psArguments || '-ef').split(/\s+/).filter(Boolean);
  const pids = await context.options.runtimes.pids(id);
  context.store.announce(context.store.get(id), { action: 'top' });
  return parseProcessList(await ps(words, pids), new Set(pids));
}

/** Selecting by -q is fast, but some options of ps refuse its company: then all processes are listed. */
async function ps(words: readonly string[], pids: readonly number[]): Promise<string> {
  const selected = await run([...words, `-q${pids.join(',')}`]);
  if (selected.code === 0) return selected.stdout;
  const all = await run(words);
  if (all.code === 0) return all.stdout;
  // The first line says why; what follows is how to use ps.
  const [reason] = all.stderr.trim().split('\n', 1);
  throw invalid(reason || `ps: exit status ${all.code}`);
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const run = (words: readonly string[]): Promise<Ended> =>
  new Promise((resolve, reject) => {
    execFile('ps', words, { maxBuffer: 16 << 20 }, (error, stdout, stderr) => {
      if (error?.code === 'ENOENT') {
        reject(unavailable('top needs ps(1) on the host: install the package procps'));
        return;
      }
      resolve({ code: error ? (typeof error.code === 'number' ? error.code : 1) : 0, stdout, stderr });
    });
  });

/** Rows of ps whose PID is among `pids`; the last column keeps its spaces. @throws invalid when there is no PID column */
export function parseProcessList(output: string, pids: ReadonlySet<number>): ProcessList {
  const [head = '', ...lines] = output.split('\n');
  const titles = head.trim().split(/\s+/);
  const pidColumn = titles.indexOf('PID');
  if (pidColumn < 0) throw invalid("Couldn't find PID field in ps output");
  const processes = lines
    .map((line) => splitRow(line, titles.length))
    .filter((row) => pids.has(Number(row[pidColumn])));
  return { titles, processes };
}

function splitRow(line: string, columns: number): string[] {
  const words = line.trim().split(/\s+/);
  if (words.length <= columns) return words;
  return [...words.slice(0, columns - 1), words.slice(columns - 1).join(' ')];
}
