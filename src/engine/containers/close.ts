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
  if (stopAll) await stopEverything(context);
  await context.background.settled();
}

async function stopEverything(context: Context): Promise<void> {
  const { shutdownTimeout, log } = context.options;
  const running = context.store.all().filter(({ state }) => hasProcess(state));
  await Promise.all(
    running.map(async ({ id, config }) => {
      const run = context.runs.get(id);
      const timeout = Math.min(config.stopTimeout ?? shutdownTimeout, shutdownTimeout);
      try {
        if (run) await endRun(context, run, { timeout });
      } catch (error) {
        log.warn('cannot stop a container', { container: id, error: messageOf(error) });
      }
    }),
  );
}
