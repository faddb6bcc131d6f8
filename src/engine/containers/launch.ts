import { mkdirSync } from 'node:fs';
import { conmonLogArguments } from '#engine/logs';
import { messageOf } from '#lib/errors';
import { now } from '#lib/time';
import { connectEarlyClients, dismissEarlyClients } from './attach.ts';
import type { Context } from './context.ts';
import { isProbed } from './health-state.ts';
import { probeLogReceiver } from './log-delivery.ts';
import { containerDirectory } from './paths.ts';
import { prepare } from './prepare.ts';
import type { ContainerRecord } from './record.ts';
import { deleteEnded } from './remove.ts';
import { Run } from './run.ts';
import { startFailure } from './start-failure.ts';
import { advance, type StateEvent } from './state.ts';

export interface LaunchOptions {
  /** Not by a restart policy. */
  readonly byUser?: boolean;
  /** Images of a checkpoint to go on from. */
  readonly checkpoint?: string | undefined;
}

/**
 * Makes a container's process and starts it. The caller holds the container's lock, and supervises the run.
 * A failure leaves nothing behind but its reason in the record.
 * @throws BerthError
 */
export async function launch(
  context: Context,
  id: string,
  { byUser = false, checkpoint }: LaunchOptions = {},
): Promise<Run> {
  context.options.runtimes.expectStart();
  await context.runs.get(id)?.release();
  const run = new Run(id, { log: context.options.log, closed: context.closed.signal });
  context.runs.set(id, run);
  try {
    if (byUser) await probeLogReceiver(context, context.store.get(id));
    await spawn(context, context.store.get(id), run, checkpoint);
  } catch (cause) {
    throw fail(context, run, cause);
  }
  return run;
}

async function spawn(
  context: Context,
  record: ContainerRecord,
  run: Run,
  checkpoint: string | undefined,
): Promise<void> {
  const { runtimes, seccomp } = context.options;
  const { id, config, hostConfig } = record;
  mkdirSync(containerDirectory(context, id), { recursive: true });
  const { spec, privileges, compilesSeccomp, connected } = await prepare(context, record, run);
  // What is restored runs at once.
  if (checkpoint !== undefined) await connected;
  const creating = runtimes.create({
    id,
    name: record.name,
    ...(hostConfig.runtime === undefined ? {} : { runtime: hostConfig.runtime }),
    spec,
    terminal: config.tty,
    openStdin: config.openStdin,
    stdinOnce: config.stdinOnce,
    logArguments: conmonLogArguments(hostConfig.logConfig, record.logPath).arguments,
    checkpoint,
  });
  // The network's failure is the first to be told; but while the runtime is at work nothing can be removed.
  const [network, created] = await Promise.allSettled([connected, creating]);
  if (network.status === 'rejected') throw network.reason;
  if (created.status === 'rejected') throw created.reason;
  const { identity, conmonPid } = created.value;
  // On record before it runs: whatever happens to us from here on, the process is found again.
  update(context, id, { type: 'spawned', process: identity, conmonPid });
  if (compilesSeccomp) {
    context.background.run('keep the compiled seccomp filter', id, () =>
      seccomp.harvest(privileges.seccomp, privileges.capabilities, runtimes.stateDirectory(id)),
    );
  }
  connectEarlyClients(context, id);
  // What is restored goes on by itself.
  if (checkpoint === undefined) await runtimes.start(id);
  const healthcheck = isProbed(config.healthcheck);
  update(context, id, { type: 'started', at: now(), healthcheck }, 'start');
  // Those that came while it was being started.
  connectEarlyClients(context, id);
}

function update(context: Context, id: string, event: StateEvent, ...actions: readonly string[]): void {
  const record = context.store.get(id);
  context.store.save(
    { ...record, state: advance(record.state, event) },
    ...actions.map((action) => ({ action })),
  );
}

/** Records why, answers who waits, and cleans up behind the answer: a later start waits for that. */
function fail(context: Context, run: Run, cause: unknown): Error {
  const record = context.store.get(run.id);
  const { exitCode, error } = startFailure(cause);
  run.end();
  const state = advance(record.state, { type: 'start-failed', exitCode, error: error.message });
  const unsaved = context.store.saveFact({ ...record, state });
  if (unsaved)
    context.options.log.error('cannot record a failed start', {
      container: run.id,
      error: messageOf(unsaved),
    });
  dismissEarlyClients(context, run.id);
  context.waiters.exited(run.id, { exitCode, error: error.message });
  context.background.run('clean up after a failed start', run.id, async () => {
    if (record.hostConfig.autoRemove) await deleteEnded(context, run);
    await run.release();
    if (context.runs.get(run.id) === run) context.runs.delete(run.id);
  });
  return error;
}
