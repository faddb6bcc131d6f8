import { conflict, notModified } from '#lib/errors';
import { findCheckpoint } from './checkpoints.ts';
import { type Context, lockContainer } from './context.ts';
import type { ContainerRecord } from './record.ts';
import { isRunning } from './state.ts';
import { launchSupervised } from './supervise.ts';
import { checkTicket } from './working.ts';

export interface StartOptions {
  /** The name of a checkpoint to go on from. */
  readonly checkpoint?: string | undefined;
  /** Where checkpoints are kept. Default: with the container. */
  readonly checkpointDirectory?: string | undefined;
  /** Of a working container: what giving it the command returned. */
  readonly ticket?: string | undefined;
}

/**
 * Starts a container that is not running.
 * @throws notFound, notModified when it runs already, conflict, and whatever made the start fail
 */
export async function start(
  context: Context,
  reference: string,
  { checkpoint, checkpointDirectory, ticket }: StartOptions = {},
): Promise<void> {
  using locked = await lockContainer(context, reference);
  const { record } = locked;
  checkStartable(record);
  checkTicket(record, ticket);
  const images = checkpoint && findCheckpoint(context, record, checkpoint, checkpointDirectory);
  await startByUser(context, withoutTicket(context, record), images || undefined);
}

/** The caller holds the lock. */
export async function startByUser(
  context: Context,
  record: ContainerRecord,
  checkpoint?: string,
): Promise<void> {
  context.restarts.reset(record.id);
  if (record.restartCount !== 0 || record.stoppedByUser) {
    context.store.save({ ...record, restartCount: 0, stoppedByUser: false });
  }
  await launchSupervised(context, record.id, { byUser: true, checkpoint });
}

/** A ticket is for one start. */
function withoutTicket(context: Context, record: ContainerRecord): ContainerRecord {
  if (!record.working) return record;
  const { ticket: _, ...working } = record.working;
  return context.store.save({ ...record, working });
}

function checkStartable({ state }: ContainerRecord): void {
  if (state.status === 'paused') throw conflict('cannot start a paused container, try unpause instead');
  if (isRunning(state)) throw notModified('container is already running');
  if (state.status === 'removing' || state.status === 'dead') {
    throw conflict('container is marked for removal and cannot be started');
  }
}
