import { messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';
import type { Collected } from './collect.ts';

/** Collects again and again, one collection at a time. */
export function collectEvery(
  interval: number,
  collect: () => Promise<Collected>,
  log: Logger,
): AsyncDisposable {
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  let ended = false;
  const run = async () => {
    const began = performance.now();
    try {
      const collected = await collect();
      log.info('collection', { ...collected, ms: Math.round(performance.now() - began) });
    } catch (error) {
      log.error('collection failed', { error: messageOf(error) });
    }
    plan();
  };
  const plan = () => {
    if (ended) return;
    timer = setTimeout(() => {
      running = run();
    }, interval).unref();
  };
  plan();
  return {
    async [Symbol.asyncDispose]() {
      ended = true;
      clearTimeout(timer);
      await running;
    },
  };
}
