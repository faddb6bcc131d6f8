import { messageOf } from '#lib/errors';
import type { Context } from './context.ts';
import { hasProcess } from './state.ts';
import { endRun } from './stop.ts';

/**
 * Ends supervision. Containers run on and are adopted by whoever opens these roots next, unless `stopAll`:
 * then each gets its stop signal, and SIGKILL after the shutdown timeout. A stop of this kind is not the user's:
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
  const { shutdownTimeout } = context.live;
  const running = context.store.all().filter(({ state }) => hasProcess(state));
  await Promise.all(
    running.map(async ({ id, config }) => {
      const run = context.runs.get(id);
      const timeout = shorter(config.stopTimeout ?? shutdownTimeout, shutdownTimeout);
      try {
        if (run) await endRun(context, run, { timeout });
      } catch (error) {
        log.warn('cannot stop a container', { container: id, error: messageOf(error) });
      }
    }),
  );
}

/** Of two numbers of seconds; negative ones are for ever. */
const shorter = (a: number, b: number): number => (a < 0 || b < 0 ? Math.max(a, b) : Math.min(a, b));
