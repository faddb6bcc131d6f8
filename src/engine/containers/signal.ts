import { systemError } from '#lib/errors';
import { signalNumber } from '#linux/process';
import type { Context } from './context.ts';
import type { ContainerRecord } from './record.ts';
import type { Run } from './run.ts';
import { hasProcess } from './state.ts';

export const SIGKILL = 9;
const SIGTERM = 15;
/** Milliseconds that a killed container may take to go: the kernel may be busy freeing its memory. */
const KILL_PATIENCE = 10_000;

/** What ends this container in good order: its stop signal, or SIGTERM. */
export const stopSignal = ({ config }: ContainerRecord): number =>
  config.stopSignal ? signalNumber(config.stopSignal) : SIGTERM;

/** Sends a signal to the container's first process and publishes it. */
export async function sendSignal(context: Context, record: ContainerRecord, signal: number): Promise<void> {
  await context.options.runtimes.signal(record.id, signal);
  context.store.announce(record, { action: 'kill', attributes: { signal: String(signal) } });
}

/** A frozen process cannot act on a signal, nor die of one on older kernels. */
export async function thaw(context: Context, id: string): Promise<void> {
  if (context.store.byId(id)?.state.status === 'paused') await context.options.runtimes.resume(id);
}

/**
 * SIGKILL, and waits until the exit is on record.
 * @throws system when it does not go
 */
export async function killAndWait(context: Context, record: ContainerRecord, run: Run): Promise<void> {
  if (hasProcess(record.state)) await sendSignal(context, record, SIGKILL);
  await thaw(context, record.id);
  if (await run.waitEnded(KILL_PATIENCE)) return;
  await context.options.runtimes.killAll(record.id);
  if (await run.waitEnded(KILL_PATIENCE)) return;
  throw systemError(`tried to kill container ${record.id}, but did not receive an exit event`);
}
