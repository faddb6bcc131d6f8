import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { codeOf, conflict } from '#lib/errors';
import { isCrun } from './binary.ts';
import { runVerb } from './command.ts';
import type { Container } from './container.ts';
import type { RuntimeContext } from './context.ts';

/**
 * Lets the created process go on. For crun that is a byte in the container's exec.fifo, which is all
 * that `crun start` does when there are no hooks to run: 0.1 ms instead of a process.
 * @throws conflict, RuntimeError
 */
export async function startContainer(context: RuntimeContext, container: Container): Promise<void> {
  const { runtime, hooks } = container.settings;
  await container.attachment.accepted();
  if (!isCrun(runtime) || hooks.poststart) return runVerb(context, runtime, ['start', container.id]);
  const fifo = execFifo(context, container.id);
  let fd: number;
  try {
    fd = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (codeOf(error) !== 'ENXIO' && codeOf(error) !== 'ENOENT') throw error;
    if (!container.isAlive()) throw conflict(`container ${container.id} ended before it was started`, error);
    if (codeOf(error) === 'ENOENT') throw conflict(`container ${container.id} is started already`, error);
    // Nobody reads it although the process lives: another daemon of ours died between the two steps below.
    unlinkSync(fifo);
    return;
  }
  try {
    // In this order: a daemon that dies in between leaves a container that runs, and `isWaiting` sees
    // it. The other way round nobody could ever start it.
    writeSync(fd, '0');
    unlinkSync(fifo);
  } catch (error) {
    if (codeOf(error) !== 'EPIPE') throw error;
    throw conflict(`container ${container.id} ended before it was started`, error);
  } finally {
    closeSync(fd);
  }
}

export const execFifo = (context: RuntimeContext, id: string): string =>
  join(context.paths.state(id), 'exec.fifo');

/** Created, not started: the process still has its FIFO open for the byte to come. */
export function isWaiting(context: RuntimeContext, id: string, pid: number): boolean {
  const fifo = execFifo(context, id);
  if (!existsSync(fifo)) return false;
  const descriptors = `/proc/${pid}/fd`;
  try {
    return readdirSync(descriptors).some((fd) => pointsTo(join(descriptors, fd), fifo));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

function pointsTo(link: string, target: string): boolean {
  try {
    return readlinkSync(link) === target;
  } catch {
    return false;
  }
}
