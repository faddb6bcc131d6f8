import { type Context, lockContainer } from './context.ts';
import type { Run } from './run.ts';
import { startByUser } from './start.ts';
import { hasProcess } from './state.ts';
import { cancelRestart, endRun, type StopOptions } from './stop.ts';
import { checkTicket } from './working.ts';

/**
 * Stops a container if it runs, and starts it.
 * @throws notFound, and whatever made the start fail
 */
export async function restart(context: Context, reference: string, options: StopOptions = {}): Promise<void> {
  const found = context.store.get(reference);
  const { id } = found;
  checkTicket(found);
  const run = await takeOver(context, id);
  if (run) {
    await endRun(context, run, options);
    context.store.announce(context.store.get(id), { action: 'stop' });
  }
  using locked = await lockContainer(context, id);
  // Somebody else may have started it in between: then it has been restarted.
  if (!hasProcess(locked.record.state)) await startByUser(context, locked.record);
  context.store.announce(context.store.get(id), { action: 'restart' });
}

/** From here on neither restart policy nor auto-removal acts on the run's exit. */
async function takeOver(context: Context, id: string): Promise<Run | undefined> {
  using locked = await lockContainer(context, id);
  const { record } = locked;
  if (record.state.status === 'restarting') cancelRestart(context, record);
  if (!hasProcess(record.state)) return undefined;
  const run = context.runs.get(id);
  if (run) run.replaced = true;
  return run;
}
