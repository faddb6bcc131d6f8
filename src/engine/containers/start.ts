import { conflict, notModified } from '#lib/errors';
import { type Context, lockContainer } from './context.ts';
import type { ContainerRecord } from './record.ts';
import { isRunning } from './state.ts';
import { launchSupervised } from './supervise.ts';

/**
 * Starts a container that is not running.
 * @throws notFound, notModified when it runs already, conflict, and whatever made the start fail
 */
export async function start(context: Context, reference: string): Promise<void> {
  using locked = await lockContainer(context, reference);
  checkStartable(locked.record);
  await startByUser(context, locked.record);
}

/** The caller holds the lock. */
export async function startByUser(context: Context, record: ContainerRecord): Promise<void> {
  context.restarts.reset(record.id);
  if (record.restartCount !== 0 || record.stoppedByUser) {
    context.store.save({ ...record, restartCount: 0, stoppedByUser: false });
  }
  await launchSupervised(context, record.id, { byUser: true });
}

function checkStartable({ state }: ContainerRecord): void {
  if (state.status === 'paused') throw conflict('cannot start a paused container, try unpause instead');
  if (isRunning(state)) throw notModified('container is already running');
  if (state.status === 'removing' || state.status === 'dead') {
    throw conflict('container is marked for removal and cannot be started');
  }
}
