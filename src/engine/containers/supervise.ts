import type { ExitStatus } from '#engine/runtime';
import { messageOf } from '#lib/errors';
import { formatTime, parseTime } from '#lib/time';
import type { Context } from './context.ts';
import { monitorHealth } from './health.ts';
import { type LaunchOptions, launch } from './launch.ts';
import { tendLog } from './log-delivery.ts';
import type { ContainerRecord } from './record.ts';
import { deleteEnded } from './remove.ts';
import { restartsAfterExit } from './restart-policy.ts';
import type { Run } from './run.ts';
import { advance } from './state.ts';
import type { Announcement } from './store.ts';

/** Starts a container under the lock that the caller holds, and watches over it from then on. @throws BerthError */
export async function launchSupervised(
  context: Context,
  id: string,
  options: LaunchOptions = {},
): Promise<void> {
  supervise(context, await launch(context, id, options));
}

/** Watches over a container that runs: its log's size, its health, its end. */
export function supervise(context: Context, run: Run): void {
  const record = context.store.get(run.id);
  tendLog(context, record, run);
  monitorHealth(context, run);
  context.options.runtimes.exited(run.id).then(
    (exit) => settleExit(context, run, exit),
    (error: unknown) => {
      // The engine closes: whoever opens these roots next finds the container.
      if (context.closing.signal.aborted) return;
      context.options.log.error('lost sight of a container', { container: run.id, error: messageOf(error) });
    },
  );
}

/**
 * Records an exit, answers who waited for it, and only then cleans up. Synchronous up to the answer:
 * no verb can see a container that has ended and is not recorded so.
 */
export function settleExit(context: Context, run: Run, exit: ExitStatus): void {
  const record = context.store.byId(run.id);
  // Once the engine has let go, whoever opens these roots next settles it.
  if (!record || context.runs.get(run.id) !== run || run.ended.aborted || context.closed.signal.aborted)
    return;
  const runTime = Number((exit.time - (parseTime(record.state.startedAt) ?? exit.time)) / 1_000_000n);
  const restarts = !run.replaced && !context.closing.signal.aborted && wantsRestart(record, exit.code);
  recordExit(context, record, exit, { restarts, runTime });
  run.end();
  // Whoever hears of the exit may ask for the same ports at once: they are given back first.
  const { networks, metrics } = context.options;
  const detached = metrics.networkActions.time('release', () => networks.detach(run.id));
  if (!restarts) context.waiters.exited(run.id, { exitCode: exit.code, error: '' });
  context.background.run('clean up after an exit', run.id, () =>
    cleanUp(context, run, { detached, removes: record.hostConfig.autoRemove && !restarts }),
  );
  if (restarts) scheduleRestart(context, run.id, runTime);
}

const wantsRestart = (
  { hostConfig, stoppedByUser, restartCount }: ContainerRecord,
  exitCode: number,
): boolean => restartsAfterExit(hostConfig.restartPolicy, { exitCode, stoppedByUser, restartCount });

function recordExit(
  context: Context,
  record: ContainerRecord,
  { code: exitCode, oomKilled, time }: ExitStatus,
  { restarts, runTime }: { readonly restarts: boolean; readonly runTime: number },
): void {
  const type = restarts ? 'restarting' : 'exited';
  const state = advance(record.state, { type, exitCode, oomKilled, at: formatTime(time) });
  const announcements: Announcement[] = oomKilled ? [{ action: 'oom' }] : [];
  const execDuration = String(Math.max(0, Math.floor(runTime / 1000)));
  announcements.push({ action: 'die', attributes: { exitCode: String(exitCode), execDuration } });
  const unsaved = context.store.saveFact({ ...record, state, execIds: [] }, ...announcements);
  if (unsaved)
    context.options.log.error('cannot record an exit', { container: record.id, error: messageOf(unsaved) });
}

async function cleanUp(
  context: Context,
  run: Run,
  { detached, removes }: { readonly detached: Promise<void>; readonly removes: boolean },
): Promise<void> {
  await detached;
  if (removes && !run.replaced) await deleteEnded(context, run);
  await run.release();
  if (context.runs.get(run.id) === run) context.runs.delete(run.id);
}

/** Starts the container again by its policy, after the back-off. `runTime`: milliseconds it ran. */
export function scheduleRestart(context: Context, id: string, runTime: number): void {
  const delay = context.restarts.delay(id, runTime);
  context.restarts.schedule(id, delay, () => {
    context.background.run('restart by policy', id, () => restartByPolicy(context, id));
  });
}

async function restartByPolicy(context: Context, id: string): Promise<void> {
  using _ = await context.locks.acquire(id);
  const record = context.store.byId(id);
  if (record?.state.status !== 'restarting' || context.closing.signal.aborted) return;
  context.store.save({ ...record, restartCount: record.restartCount + 1 });
  await launchSupervised(context, id);
}
