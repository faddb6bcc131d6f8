import type { Engine } from '#engine';
import { encodeBuild } from '../encode/build-history.ts';
import type { Router } from '../router.ts';

/** What was built, ours: `^1` is the build before the last, `^0` the last. */
export function buildHistoryRoutes(router: Router, { builder }: Engine): void {
  router.get('/build/history', (exchange) => exchange.json(builder.history.list().map(encodeBuild)));
  router.get('/build/history/{id}', (exchange) =>
    exchange.json(encodeBuild(builder.history.get(exchange.param('id')))),
  );
  router.get('/build/history/{id}/logs', async (exchange) => {
    const log = builder.history.log(exchange.param('id'));
    await exchange.lines(async (lines) => {
      for await (const { at, step, kind, text } of log)
        await lines.write({ At: at, ...(step !== undefined && { Step: step }), Kind: kind, Text: text });
    });
  });
  router.delete('/build/history/{id}', async (exchange) => {
    await builder.history.remove(exchange.param('id'));
    exchange.empty();
  });
}
