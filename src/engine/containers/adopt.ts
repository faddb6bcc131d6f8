import { now, nowNano } from '#lib/time';
import { unmount } from '#linux/mount';
import type { Context } from './context.ts';
import { isProbed } from './health-state.ts';
import { imageSnapshots, unmountImage } from './image-mounts.ts';
import { shmDirectory } from './paths.ts';
import type { ContainerRecord } from './record.ts';
import { unmountRoot } from './root-file-system.ts';
import { Run } from './run.ts';
import { advance, hasProcess, type StateEvent } from './state.ts';
import { settleExit, supervise } from './supervise.ts';

/** Docker's exit code of a container whose own nobody saw: after a power failure, for one. */
const UNKNOWN_EXIT = 255;
const INTERRUPTED = 128;

/**
 * Compares a record with what is there, and brings the record up to date: adopts a process that runs,
 * settles the exit of one that does not, takes back a start that was cut off. True when the container is alive.
 */
export async function adopt(context: Context, record: ContainerRecord): Promise<boolean> {
  if (!hasProcess(record.state) && record.state.process === undefined) {
    // Cut off before there was a process: the mount is what a start begins with.
    const mounted = [record.id, ...imageSnapshots(record)].some((id) =>
      context.options.snapshots.isMounted(id),
    );
    if (mounted) giveBack(context, restoreRun(context, record));
    return false;
  }
  const found = context.options.runtimes.adopt(record.id, record.state.process);
  switch (found.state) {
    case 'running':
      await adoptRunning(context, record);
      return true;
    case 'exited':
      settle(context, record, found.exit);
      return false;
    case 'created':
      // Its first process never got to run anything.
      cutOff(context, record);
      return false;
    case 'gone':
      if (hasProcess(record.state)) settle(context, record, undefined);
      else cutOff(context, record);
      return false;
  }
}

async function adoptRunning(context: Context, record: ContainerRecord): Promise<void> {
  const { options } = context;
  if (!hasProcess(record.state)) {
    const healthcheck = isProbed(record.config.healthcheck);
    apply(context, record, { type: 'started', at: now(), healthcheck }, 'start');
  }
  // A pause or unpause that was cut off did not happen.
  await options.runtimes.setFrozen(record.id, record.state.status === 'paused');
  context.runs.set(record.id, restoreRun(context, record));
}

/** To be called once the networks have been recovered, too: an exit that comes at once finds all in place. */
export function superviseAdopted(context: Context, id: string): void {
  const run = context.runs.get(id);
  if (run) supervise(context, run);
}

function settle(
  context: Context,
  record: ContainerRecord,
  exit: Parameters<typeof settleExit>[2] | undefined,
): void {
  const run = restoreRun(context, record);
  context.runs.set(record.id, run);
  settleExit(context, run, exit ?? { code: UNKNOWN_EXIT, oomKilled: false, time: nowNano() });
}

function cutOff(context: Context, record: ContainerRecord): void {
  if (hasProcess(record.state)) {
    settle(context, record, undefined);
    return;
  }
  const error = 'the start was cut off: the engine ended';
  giveBack(context, restoreRun(context, record));
  apply(context, record, { type: 'start-failed', exitCode: INTERRUPTED, error });
}

/** Nobody waits for it but a later start. */
function giveBack(context: Context, run: Run): void {
  context.runs.set(run.id, run);
  run.end();
  context.background.run('clean up after a start that was cut off', run.id, async () => {
    await run.release();
    if (context.runs.get(run.id) === run) context.runs.delete(run.id);
  });
}

function apply(
  context: Context,
  record: ContainerRecord,
  event: StateEvent,
  ...actions: readonly string[]
): void {
  context.store.save(
    { ...record, state: advance(record.state, event) },
    ...actions.map((action) => ({ action })),
  );
}

/** What the start of another engine process took, to be given back when the run ends. */
function restoreRun(context: Context, record: ContainerRecord): Run {
  const { runtimes, networks, volumes, log } = context.options;
  const { id } = record;
  const run = new Run(id, { log, closed: context.closed.signal });
  run.defer('unmount the root file system', () => unmountRoot(context, id));
  run.defer('detach the network', () => networks.detach(id));
  for (const point of record.mounts) {
    const { type, name = '' } = point;
    if (type === 'volume') run.defer(`release volume ${name}`, () => volumes.unmount(name, id));
    if (type === 'image') run.defer(`unmount image ${name}`, () => unmountImage(context, id, point));
  }
  if (record.hostConfig.ipcMode === 'shareable') {
    run.defer('unmount /dev/shm', () => unmount(shmDirectory(context, id)));
  }
  run.defer('delete the runtime container', () => runtimes.delete(id));
  return run;
}
