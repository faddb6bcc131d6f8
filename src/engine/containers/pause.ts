import { conflict } from '#lib/errors';
import { type Context, lockContainer } from './context.ts';
import type { ContainerRecord } from './record.ts';
import { advance, canHappen } from './state.ts';

/**
 * Freezes all processes of a container.
 * @throws notFound, conflict
 */
export async function pause(context: Context, reference: string): Promise<void> {
  using locked = await lockContainer(context, reference);
  const { id, state } = locked.record;
  if (state.status === 'paused') throw conflict(`Container ${id} is already paused`);
  if (state.status === 'restarting') {
    throw conflict(`Container ${id} is restarting, wait until the container is running`);
  }
  if (state.status !== 'running') throw conflict(`Container ${id} is not running`);
  await context.options.runtimes.pause(id);
  settle(context, id, 'paused', 'pause');
}

/** @throws notFound, conflict */
export async function unpause(context: Context, reference: string): Promise<void> {
  using locked = await lockContainer(context, reference);
  const { id, state } = locked.record;
  if (state.status !== 'paused') throw conflict(`Container ${id} is not paused`);
  await context.options.runtimes.resume(id);
  settle(context, id, 'unpaused', 'unpause');
}

/** The container may have been killed in the meantime: then there is nothing to record. */
function settle(context: Context, id: string, type: 'paused' | 'unpaused', action: string): void {
  const record: ContainerRecord = context.store.get(id);
  if (!canHappen(record.state, type)) return;
  context.store.save({ ...record, state: advance(record.state, { type }) }, { action });
}
