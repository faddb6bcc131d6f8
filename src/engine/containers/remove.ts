import { conflict, isKind, messageOf } from '#lib/errors';
import { dismissEarlyClients } from './attach.ts';
import { type Context, lockContainer } from './context.ts';
import { removeImageMounts } from './image-mounts.ts';
import { removeLink } from './links.ts';
import { anonymousVolumes } from './mounts.ts';
import { containerDirectory } from './paths.ts';
import type { ContainerRecord } from './record.ts';
import type { Run } from './run.ts';
import { killAndWait } from './signal.ts';
import { advance, hasProcess, isRunning } from './state.ts';
import { cancelRestart } from './stop.ts';

export interface RemoveOptions {
  /** Kills it first when it runs. */
  readonly force?: boolean;
  /** Its anonymous volumes too. */
  readonly volumes?: boolean;
  /** Only a legacy link, `web/alias`. */
  readonly link?: boolean;
}

/**
 * Removes a container. What the user can see (record, name, ports, volumes) is gone when this resolves;
 * files and mounts follow in the background, and after a crash by the sweep.
 * @throws notFound, conflict when it runs or is being removed
 */
export async function remove(
  context: Context,
  reference: string,
  options: RemoveOptions = {},
): Promise<void> {
  if (options.link) return removeLink(context, reference);
  const found = context.store.get(reference);
  if (found.state.status === 'removing') {
    throw conflict(`removal of container ${reference} is already in progress`);
  }
  using locked = await lockContainer(context, found.id);
  const ended = await end(context, locked.record, options.force ?? false);
  await deleteContainer(context, ended, { volumes: options.volumes ?? false });
}

/** The record of a container without a process. The caller holds the lock. */
async function end(context: Context, record: ContainerRecord, force: boolean): Promise<ContainerRecord> {
  if (!isRunning(record.state)) return record;
  if (!force) {
    const advice =
      record.state.status === 'paused'
        ? 'container is paused and must be unpaused first'
        : `container is ${record.state.status}: stop the container before removing or force remove`;
    throw conflict(`cannot remove container "/${record.name}": ${advice}`);
  }
  if (record.state.status === 'restarting') return cancelRestart(context, record);
  const stopped = context.store.save({ ...record, stoppedByUser: true });
  const run = context.runs.get(record.id);
  if (run) await killAndWait(context, stopped, run);
  return context.store.get(record.id);
}

/** Removes what an `--rm` container leaves, unless somebody was faster or has started it again. */
export async function deleteEnded(context: Context, run: Run): Promise<void> {
  using _ = await context.locks.acquire(run.id);
  const record = context.store.byId(run.id);
  if (!record || context.runs.get(run.id) !== run || hasProcess(record.state)) return;
  await deleteContainer(context, record, { volumes: true });
}

/** The removal itself. The caller holds the lock; no process is left. */
async function deleteContainer(
  context: Context,
  record: ContainerRecord,
  options: { readonly volumes: boolean },
): Promise<void> {
  const removing = { ...record, state: advance(record.state, { type: 'removing' }) };
  context.restarts.reset(record.id);
  context.store.remember(removing);
  try {
    await forget(context, record, options.volumes ? anonymousVolumes(record.mounts) : []);
  } catch (error) {
    if (context.store.byId(record.id)) {
      const state = advance(removing.state, { type: 'remove-failed', error: messageOf(error) });
      context.store.remember({ ...record, state });
    }
    throw error;
  }
  context.background.run('remove what a container left', record.id, () => removeRemains(context, record));
}

async function forget(context: Context, record: ContainerRecord, volumes: readonly string[]): Promise<void> {
  const { id, state } = record;
  await context.options.forwarding.settle(id);
  await context.options.networks.detach(id);
  // From here on the container is gone; a crash leaves only what a sweep recognises as nobody's.
  context.store.delete(record, volumes);
  await context.options.forwarding.remove(id);
  if (volumes.length > 0) await giveUpVolumes(context, id, volumes);
  dismissEarlyClients(context, id);
  context.execs.forget(id);
  context.waiters.removed(id, { exitCode: state.exitCode, error: state.error });
}

/** One that cannot be removed now is still noted as nobody's: the next sweep tries again. */
async function giveUpVolumes(context: Context, id: string, names: readonly string[]): Promise<void> {
  try {
    await context.runs.get(id)?.release();
    await removeVolumes(context, id, names);
  } catch (error) {
    context.options.log.warn('cannot remove anonymous volumes', { container: id, error: messageOf(error) });
  }
}

async function removeRemains(context: Context, record: ContainerRecord): Promise<void> {
  const { id } = record;
  await context.runs.get(id)?.release();
  context.options.snapshots.discard(containerDirectory(context, id));
  await context.options.snapshots.remove(id);
  await removeImageMounts(context, record);
}

/** Removes anonymous volumes that a container left, but for those that another one mounts. */
export async function removeVolumes(context: Context, id: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    try {
      await context.options.volumes.remove(name, { force: true });
    } catch (error) {
      if (!isKind(error, 'conflict') && !isKind(error, 'not-found')) throw error;
    }
  }
  context.store.settleVolumes(id);
}
