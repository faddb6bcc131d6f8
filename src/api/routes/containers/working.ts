import type { Engine } from '#engine';
import { containerCreateRequest, type WorkingConfigRequest, workingConfigRequest } from '#protocol';
import { createRequest } from '../../decode/create.ts';
import type { Router } from '../../router.ts';

/** Berth's own: images made in a working container, command by command. */
export function workingRoutes(router: Router, { containers }: Engine): void {
  router.post('/containers/working/create', async (exchange) => {
    const { query } = exchange;
    const name = query.text('name').replace(/^\//, '');
    const platform = query.text('platform');
    const made = await containers.createWorking(
      { image: query.text('from'), ...(name && { name }), ...(platform && { platform }) },
      exchange.signal,
    );
    exchange.json({ Id: made.id, Name: made.name, Warnings: [] }, 201);
  });

  router.post('/containers/{id}/working/config', async (exchange) => {
    const wire = await exchange.read(workingConfigRequest);
    await containers.configureWorking(exchange.param('id'), {
      remove: removals(wire),
      changes: wire.Changes ?? [],
    });
    exchange.empty();
  });

  router.post('/containers/{id}/working/command', async (exchange) => {
    const wire = await exchange.read(containerCreateRequest);
    const request = createRequest(wire, { name: '', platform: '' });
    const { ticket, warnings } = await containers.giveCommand(exchange.param('id'), request);
    exchange.json({ Ticket: ticket, Warnings: warnings }, 201);
  });
}

const removals = ({ Remove = {} }: WorkingConfigRequest) => ({
  env: Remove.Env ?? [],
  labels: Remove.Labels ?? [],
  exposedPorts: Remove.ExposedPorts ?? [],
  volumes: Remove.Volumes ?? [],
});
