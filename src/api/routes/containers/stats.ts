import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '#engine';
import { isKind } from '#lib/errors';
import type { ContainerStats } from '#protocol';
import { containerStats } from '../../encode/stats.ts';
import type { Exchange } from '../../exchange.ts';
import type { Router } from '../../router.ts';

const INTERVAL = 1_000;

export function statsRoutes(router: Router, { containers }: Engine): void {
  const sample = async (id: string, previous?: ContainerStats) =>
    containerStats(await containers.stats(id), previous);
  /** Since 1.52 a client is told whose numbers these are. */
  const shown = (exchange: Exchange, stats: ContainerStats): ContainerStats =>
    exchange.since('1.52') ? { ...stats, os_type: 'linux' } : stats;

  /** Rates need two samples; one-shot does without. A container that does not run has nothing to wait for. */
  const once = async (id: string, exchange: Exchange) => {
    const oneShot = exchange.since('1.41') && exchange.query.flag('one-shot');
    const first = await sample(id);
    if (oneShot || containers.get(id).state.process === undefined) return first;
    await sleep(INTERVAL, undefined, { signal: exchange.signal });
    return sample(id, first);
  };

  const follow = (id: string, exchange: Exchange) =>
    exchange.lines(async (lines) => {
      let previous: ContainerStats | undefined;
      try {
        while (!exchange.signal.aborted) {
          previous = await sample(id, previous);
          await lines.write(shown(exchange, previous));
          await sleep(INTERVAL, undefined, { signal: exchange.signal });
        }
      } catch (error) {
        // The stream just ends with the container and with the client.
        if (!exchange.signal.aborted && !(lines.begun && isKind(error, 'not-found'))) throw error;
      }
    });

  router.get('/containers/{id}/stats', async (exchange) => {
    const { id } = containers.get(exchange.param('id'));
    if (exchange.query.flag('stream', true)) await follow(id, exchange);
    else exchange.json(shown(exchange, await once(id, exchange)));
  });
}
