import { conflict, invalid } from '#lib/errors';
import { makeCheckpointDirectory, removeImages } from './checkpoints.ts';
import { type Context, lockContainer } from './context.ts';
import { hasProcess } from './state.ts';

export interface CheckpointRequest {
  readonly name: string;
  /** Where checkpoints are kept. Default: with the container. */
  readonly directory?: string;
  /** The container goes on afterwards. */
  readonly leaveRunning: boolean;
}

/**
 * Writes a running container's processes down, so that a later start can go on from there. Resolves when the
 * container has ended, unless it is left running. A failure leaves it running, and no checkpoint.
 * @throws notFound, conflict, invalid, unsupported, RuntimeError
 */
export async function checkpoint(
  context: Context,
  reference: string,
  { name, directory, leaveRunning }: CheckpointRequest,
): Promise<void> {
  using locked = await lockContainer(context, reference);
  const { record } = locked;
  const run = context.runs.get(record.id);
  if (!hasProcess(record.state) || !run) throw conflict(`Container ${record.id} is not running`);
  if (record.config.tty) throw invalid('checkpoints of containers with a terminal are not supported');
  const images = await makeCheckpointDirectory(context, record, name, directory);
  // The end of the processes is not yet that of the work on the images.
  const atWork = Promise.withResolvers<void>();
  run.defer('wait for a checkpoint', () => atWork.promise);
  // Its restart policy is not to start it afresh.
  if (!leaveRunning) context.store.save({ ...record, stoppedByUser: true });
  try {
    await context.options.runtimes.checkpoint(record.id, { images, leaveRunning });
  } catch (error) {
    await removeImages(images);
    const { stoppedByUser } = record;
    const current = context.store.byId(record.id);
    if (current && hasProcess(current.state)) context.store.save({ ...current, stoppedByUser });
    throw error;
  } finally {
    atWork.resolve();
  }
  context.store.announce(context.store.get(record.id), { action: 'checkpoint' });
  if (!leaveRunning) await run.waitEnded();
}
