import type { Engine } from '#engine';
import type { WaitCondition } from '#engine/containers';
import { invalid, messageOf } from '#lib/errors';
import { type ContainerWaitResponse, mediaType } from '#protocol';
import type { Exchange } from '../../exchange.ts';
import type { Router } from '../../router.ts';

export function waitRoutes(router: Router, { containers }: Engine): void {
  router.post('/containers/{id}/wait', async (exchange) => {
    const { id } = containers.get(exchange.param('id'));
    if (!exchange.since('1.30')) {
      exchange.json(response(await containers.wait(id, 'not-running', exchange.signal), 'not-running'));
      return;
    }
    const until = condition(exchange);
    const exit = containers.wait(id, until, exchange.signal);
    // Clients start the container once the headers are here: they tell that no exit will be missed.
    const sink = exchange.stream(mediaType.json);
    try {
      await sink.write(Buffer.from(`${JSON.stringify(response(await exit, until))}\n`));
      sink.end();
    } catch (error) {
      if (exchange.signal.aborted) return sink.abort();
      await sink.write(Buffer.from(`${JSON.stringify(failure(error))}\n`));
      sink.end();
    }
  });
}

function condition({ query }: Exchange): WaitCondition {
  const text = query.text('condition');
  if (text === '' || text === 'not-running') return 'not-running';
  if (text === 'next-exit' || text === 'removed') return text;
  throw invalid(`invalid condition: "${text}"`);
}

/** Who starts a container and waits for its end hears from the start why it failed: once is enough. */
const response = (
  { exitCode, error }: { exitCode: number; error: string },
  until: WaitCondition,
): ContainerWaitResponse => ({
  StatusCode: exitCode,
  ...(error && until === 'not-running' && { Error: { Message: error } }),
});

const failure = (error: unknown): ContainerWaitResponse => ({
  StatusCode: -1,
  Error: { Message: messageOf(error) },
});
