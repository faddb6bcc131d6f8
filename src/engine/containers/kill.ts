import { conflict } from '#lib/errors';
import { type Context, lockContainer } from './context.ts';
import type { ContainerRecord } from './record.ts';
import { killAndWait, SIGKILL, sendSignal, stopSignal, thaw } from './signal.ts';
import { hasProcess } from './state.ts';
import { cancelRestart } from './stop.ts';
import { checkSignal } from './validate.ts';

/**
 * Sends a signal; SIGKILL resolves once the exit is on record. A signal that ends the container counts as a
 * user's stop: its restart policy does not bring it back.
 * @throws notFound, invalid for an unknown signal, conflict when it does not run
 */
export async function kill(context: Context, reference: string, signal = 'SIGKILL'): Promise<void> {
  const number = checkSignal(signal === '' ? 'SIGKILL' : signal);
  const { id } = context.store.get(reference);
  const running = await mark(context, id, reference, number);
  const run = context.runs.get(id);
  if (!running || !run) return;
  if (number === SIGKILL) await killAndWait(context, running, run);
  else await sendSignal(context, running, number);
  if (number !== SIGKILL && number === stopSignal(running)) await thaw(context, id);
}

/** Notes what the signal means; undefined when there is no process to send it to. */
async function mark(
  context: Context,
  id: string,
  asked: string,
  signal: number,
): Promise<ContainerRecord | undefined> {
  using locked = await lockContainer(context, id);
  const { record } = locked;
  if (record.state.status === 'restarting') {
    cancelRestart(context, record);
    return undefined;
  }
  if (!hasProcess(record.state)) {
    throw conflict(`cannot kill container: ${asked}: container ${record.id} is not running`);
  }
  const ends = signal === SIGKILL || signal === stopSignal(record);
  if (!ends || record.stoppedByUser) return record;
  return context.store.save({ ...record, stoppedByUser: true });
}
