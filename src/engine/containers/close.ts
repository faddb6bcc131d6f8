import { messageOf } from '#lib/errors';
import type { Context } from './context.ts';
import { hasProcess } from './state.ts';
import { endRun, stopTimeout } from './stop.ts';

/**
 * Ends supervision. Containers run on and are adopted by whoever opens these roots next, unless `stopAll`:
 * then each gets its stop signal, and SIGKILL after its own stop timeout. A stop of this kind is not the user's:
 * restart policies bring the containers back.
 */
export async function close(context: Context, { stopAll }: { readonly stopAll: boolean }): Promise<void> {
  context.closing.abort();
  context.restarts.cancelAll();
  await verbsEnded(context);
  if (stopAll) await stopEverything(context);
  else context.closed.abort();
  await context.background.settled();
  context.closed.abort();
  context.execs.close();
}

/** A start, pause or remove that is under way comes to its end; who waits for a lock is turned away. */
async function verbsEnded(context: Context): Promise<void> {
  await Promise.all(
    context.store.all().map(async ({ id }) => {
      using _ = context.locks.isHeld(id) ? await context.locks.acquire(id) : undefined;
    }),
  );
}

async function stopEverything(context: Context): Promise<void> {
  const { log } = context.options;
  const running = context.store.all().filter(({ state }) => hasProcess(state));
  const limit = shutdownLimit(running.map(stopTimeout), context.live.shutdownTimeout);
  const giveUp = () => {
    log.error('containers did not stop in time, and are left running', { seconds: limit });
    context.closed.abort();
  };
  const timer = limit < LONGEST_TIMER ? setTimeout(giveUp, limit * 1000) : undefined;
  await Promise.all(
    running.map(async ({ id }) => {
      const run = context.runs.get(id);
      try {
        if (run) await endRun(context, run, {});
      } catch (error) {
        log.warn('cannot stop a container', { container: id, error: messageOf(error) });
      }
    }),
  );
  clearTimeout(timer);
}

/** setTimeout's, in seconds. */
const LONGEST_TIMER = 2 ** 31 / 1000;

/** What a container that was killed gets, beyond its own time, until it is given up. */
const GRACE = 5;

/** Seconds that all containers together may take to stop, by their own stop timeouts; negative ones are for ever. */
export function shutdownLimit(timeouts: readonly number[], shutdownTimeout: number): number {
  if ([...timeouts, shutdownTimeout].some((timeout) => timeout < 0)) return Number.POSITIVE_INFINITY;
  return Math.max(shutdownTimeout, ...timeouts.map((timeout) => timeout + GRACE));
}
