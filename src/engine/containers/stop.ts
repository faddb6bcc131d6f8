import { notModified } from '#lib/errors';
import { type Context, lockContainer } from './context.ts';
import type { ContainerRecord } from './record.ts';
import type { Run } from './run.ts';
import { killAndWait, sendSignal, stopSignal, thaw } from './signal.ts';
import { advance, isRunning } from './state.ts';
import { checkSignal } from './validate.ts';

export interface StopOptions {
  readonly signal?: string;
  /** Seconds until SIGKILL; negative: never. Default: the container's, or 10. */
  readonly timeout?: number;
}

const DEFAULT_TIMEOUT = 10;

/**
 * Ends a container: its stop signal, then SIGKILL. It stays down whatever its restart policy says.
 * @throws notFound, notModified when it does not run
 */
export async function stop(context: Context, reference: string, options: StopOptions = {}): Promise<void> {
  const { id } = context.store.get(reference);
  const run = await markStopped(context, id);
  if (run) await endRun(context, run, options);
  const record = context.store.byId(id);
  if (record) context.store.announce(record, { action: 'stop' });
}

/** Notes the user's will under the lock; returns the run that has to end, if one is left. */
async function markStopped(context: Context, reference: string): Promise<Run | undefined> {
  using locked = await lockContainer(context, reference);
  const { record } = locked;
  if (!isRunning(record.state)) throw notModified('container is already stopped');
  context.restarts.reset(record.id);
  if (record.state.status === 'restarting') {
    cancelRestart(context, record);
    return undefined;
  }
  context.store.save({ ...record, stoppedByUser: true });
  return context.runs.get(record.id);
}

/** Ends the wait between two runs. The caller holds the lock. */
export function cancelRestart(context: Context, record: ContainerRecord): ContainerRecord {
  context.restarts.reset(record.id);
  const state = advance(record.state, { type: 'restart-cancelled' });
  const saved = context.store.save({ ...record, stoppedByUser: true, state });
  context.waiters.exited(record.id, { exitCode: state.exitCode, error: '' });
  return saved;
}

/** Seconds between a container's stop signal and SIGKILL; negative: for ever. */
export const stopTimeout = ({ config }: ContainerRecord): number => config.stopTimeout ?? DEFAULT_TIMEOUT;

/**
 * The stop itself, without the lock: while it waits, others may still kill the container.
 * Resolves once the exit is on record.
 */
export async function endRun(context: Context, run: Run, options: StopOptions): Promise<void> {
  const record = context.store.get(run.id);
  const signal = options.signal ? checkSignal(options.signal) : stopSignal(record);
  const seconds = options.timeout ?? stopTimeout(record);
  if (!run.ended.aborted) {
    await sendSignal(context, record, signal);
    await thaw(context, run.id);
  }
  if (await run.waitEnded(seconds < 0 ? undefined : seconds * 1000)) return;
  await killAndWait(context, context.store.get(run.id), run);
}
