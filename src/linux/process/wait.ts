import { invalid } from '#lib/errors';
import { WNOHANG, waitpid } from '../ffi/process.ts';
import { ProcessHandle } from './handle.ts';
import { type ExitStatus, exitStatus } from './status.ts';

/**
 * waitpid(WNOHANG) of one child that a `Spawner` started: its exit status if it ended. undefined:
 * still running, or not ours. Never for a child of node:child_process, whose status libuv waits for;
 * libuv in turn only ever waits for its own pids.
 */
export function tryWait(pid: number): ExitStatus | undefined {
  // 0 and negative numbers mean groups or any child: they would take libuv's.
  if (!Number.isInteger(pid) || pid <= 0) throw invalid(`not a process id: ${pid}`);
  const status = new Int32Array(1);
  return waitpid.attempt(pid, status, WNOHANG) === pid ? exitStatus(status[0] ?? 0) : undefined;
}

/**
 * Waits for the end of a child of ours and takes its status; undefined when it is none, or when
 * somebody else took it.
 * @throws cancelled
 */
export async function wait(pid: number, signal?: AbortSignal): Promise<ExitStatus | undefined> {
  const early = tryWait(pid);
  if (early) return early;
  // Until we reap it the pid cannot become another's: no identity to check.
  using child = ProcessHandle.open(pid);
  await child?.ended(signal);
  return tryWait(pid);
}
