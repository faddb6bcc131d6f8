import { unsupported } from '#lib/errors';
import { checkpointCreateRequest } from '#protocol';
import type { Handler, Router } from '../../router.ts';
import type { ApiOptions } from '../../server.ts';

export function checkpointRoutes(router: Router, options: ApiOptions): void {
  const { containers } = options.engine;
  const experimental = (handler: Handler): Handler => (options.experimental ? handler : refuse);

  const list: Handler = (exchange) => {
    const names = containers.listCheckpoints(exchange.param('id'), exchange.query.text('dir') || undefined);
    exchange.json(names.map((Name) => ({ Name })));
  };

  const create: Handler = async (exchange) => {
    const wire = await exchange.read(checkpointCreateRequest);
    await containers.checkpoint(exchange.param('id'), {
      name: wire.CheckpointID ?? '',
      ...(wire.CheckpointDir && { directory: wire.CheckpointDir }),
      leaveRunning: !wire.Exit,
    });
    exchange.empty(201);
  };

  const remove: Handler = async (exchange) => {
    const directory = exchange.query.text('dir') || undefined;
    await containers.removeCheckpoint(exchange.param('id'), exchange.param('checkpoint'), directory);
    exchange.empty();
  };

  router.get('/containers/{id}/checkpoints', experimental(list));
  router.post('/containers/{id}/checkpoints', experimental(create));
  router.delete('/containers/{id}/checkpoints/{checkpoint}', experimental(remove));
}

const refuse: Handler = () => {
  throw unsupported(
    'This experimental feature is disabled by default. Start the engine with --experimental to enable it.',
  );
};
