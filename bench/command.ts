import { spawn } from 'node:child_process';
import { buffer } from 'node:stream/consumers';

/** Of any command that is not part of a measured row: preparing, cleaning up. */
const PATIENCE_MS = 60_000;

export interface RunOptions {
  readonly input?: Buffer;
  /** Ends it, with all that it started. */
  readonly signal?: AbortSignal;
}

/** Runs a command to its end; its standard output. Fails with its standard error. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const { input, signal = AbortSignal.timeout(PATIENCE_MS) } = options;
  const child = start(argv, signal, [input ? 'pipe' : 'ignore', 'pipe', 'pipe']);
  child.process.stdin?.on('error', () => {});
  child.process.stdin?.end(input);
  const output = child.process.stdout ? buffer(child.process.stdout) : Promise.resolve(Buffer.alloc(0));
  await child.succeeded;
  return (await output).toString();
}

/** Milliseconds that a command takes whose output nobody reads. */
export async function time(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const begin = performance.now();
  await start(argv, signal, ['ignore', 'ignore', 'pipe']).succeeded;
  return performance.now() - begin;
}

function start(argv: readonly string[], signal: AbortSignal, stdio: ('ignore' | 'pipe')[]) {
  signal.throwIfAborted();
  const [file = '', ...args] = argv;
  // A process group of its own, to be ended as one.
  const process_ = spawn(file, args, { stdio, detached: true });
  const end = () => {
    if (process_.pid !== undefined && process_.exitCode === null) killGroup(process_.pid);
  };
  signal.addEventListener('abort', end, { once: true });
  let errors = '';
  process_.stderr?.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const succeeded = new Promise<void>((resolve, reject) => {
    process_.once('error', reject);
    process_.once('close', (code, by) => {
      signal.removeEventListener('abort', end);
      if (code === 0) resolve();
      else if (signal.aborted) reject(signal.reason);
      else reject(new Error(`${argv.join(' ')}: ${errors.trim() || `ended with ${code ?? by}`}`));
    });
  });
  return { process: process_, succeeded };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
