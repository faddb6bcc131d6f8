import type { Engine } from '#engine';
import { checkpointCreateRequest } from '#protocol';
import type { Router } from '../../router.ts';

export function checkpointRoutes(router: Router, { containers }: Engine): void {
  router.get('/containers/{id}/checkpoints', (exchange) => {
    const names = containers.listCheckpoints(exchange.param('id'), exchange.query.text('dir') || undefined);
    exchange.json(names.map((Name) => ({ Name })));
  });

  router.post('/containers/{id}/checkpoints', async (exchange) => {
    const wire = await exchange.read(checkpointCreateRequest);
    await containers.checkpoint(exchange.param('id'), {
      name: wire.CheckpointID ?? '',
      ...(wire.CheckpointDir && { directory: wire.CheckpointDir }),
      leaveRunning: !wire.Exit,
    });
    exchange.empty(201);
  });

  router.delete('/containers/{id}/checkpoints/{checkpoint}', async (exchange) => {
    const directory = exchange.query.text('dir') || undefined;
    await containers.removeCheckpoint(exchange.param('id'), exchange.param('checkpoint'), directory);
    exchange.empty();
  });
}
