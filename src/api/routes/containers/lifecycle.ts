import { invalid } from '#lib/errors';
import type { Exchange } from '../../exchange.ts';
import type { Router } from '../../router.ts';
import type { ApiOptions } from '../../server.ts';

/** `null` and `{}` are none, and some clients send them. */
const SHORTEST_CONFIGURATION = 7;

export function lifecycleRoutes(router: Router, { engine, experimental }: ApiOptions): void {
  const { containers } = engine;

  router.post('/containers/{id}/start', async (exchange) => {
    refuseBody(exchange);
    const checkpoint = exchange.query.text('checkpoint') || undefined;
    if (checkpoint !== undefined && !experimental)
      throw invalid('checkpoint is only supported in experimental mode');
    await containers.start(exchange.param('id'), {
      checkpoint,
      checkpointDirectory: exchange.query.text('checkpoint-dir') || undefined,
      ticket: exchange.query.text('ticket') || undefined,
    });
    exchange.empty();
  });

  router.post('/containers/{id}/stop', async (exchange) => {
    await containers.stop(exchange.param('id'), stopOptions(exchange));
    exchange.empty();
  });

  router.post('/containers/{id}/restart', async (exchange) => {
    await containers.restart(exchange.param('id'), stopOptions(exchange));
    exchange.empty();
  });

  router.post('/containers/{id}/kill', async (exchange) => {
    await containers.kill(exchange.param('id'), exchange.query.text('signal') || undefined);
    exchange.empty();
  });

  router.post('/containers/{id}/pause', async (exchange) => {
    await containers.pause(exchange.param('id'));
    exchange.empty();
  });

  router.post('/containers/{id}/unpause', async (exchange) => {
    await containers.unpause(exchange.param('id'));
    exchange.empty();
  });

  router.post('/containers/{id}/rename', async (exchange) => {
    const name = exchange.query.text('name').replace(/^\//, '');
    if (name === '') throw invalid('Neither old nor new names may be empty');
    await containers.rename(exchange.param('id'), name);
    exchange.empty();
  });

  router.post('/containers/{id}/resize', async (exchange) => {
    const { rows, columns } = terminalSize(exchange);
    await containers.resize(exchange.param('id'), rows, columns);
    exchange.empty(200);
  });

  const remove = async (exchange: Exchange, reference: string) => {
    const { query } = exchange;
    await containers.remove(reference, {
      force: query.flag('force'),
      volumes: query.flag('v'),
      link: query.flag('link'),
    });
    exchange.empty();
  };
  router.delete('/containers/{id}', (exchange) => remove(exchange, exchange.param('id')));
  // A link's name has a slash in it.
  router.delete('/containers/{parent}/{alias}', (exchange) =>
    remove(exchange, `${exchange.param('parent')}/${exchange.param('alias')}`),
  );
}

/** Configuration came with the start once; a client that still sends it must not believe that it counts. @throws invalid */
function refuseBody(exchange: Exchange): void {
  const length = Number(exchange.header('content-length') ?? 0);
  if (length > SHORTEST_CONFIGURATION || exchange.header('transfer-encoding') !== undefined) {
    throw invalid(
      'starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24',
    );
  }
}

/** `t` is in seconds; -1 waits for ever. */
function stopOptions(exchange: Exchange): { signal?: string; timeout?: number } {
  const { query } = exchange;
  const signal = exchange.since('1.42') ? query.text('signal') : '';
  const timeout = query.integer('t');
  return { ...(signal && { signal }), ...(timeout !== undefined && { timeout }) };
}

/** @throws invalid */
export function terminalSize({ query }: Exchange): { rows: number; columns: number } {
  const side = (name: string) => {
    const value = query.integer(name);
    if (value === undefined || value < 0 || value > 65535) {
      throw invalid(
        `invalid resize ${name === 'h' ? 'height' : 'width'} ${JSON.stringify(query.text(name))}`,
      );
    }
    return value;
  };
  return { rows: side('h'), columns: side('w') };
}
