import type { Engine } from '#engine';
import { containerCreateRequest } from '#protocol';
import { createRequest } from '../../decode/create.ts';
import type { Router } from '../../router.ts';

export function createRoutes(router: Router, { containers }: Engine): void {
  router.post('/containers/create', async (exchange) => {
    const wire = await exchange.read(containerCreateRequest);
    const { query } = exchange;
    const request = createRequest(wire, {
      name: query.text('name').replace(/^\//, ''),
      platform: query.text('platform'),
    });
    const { id, warnings } = await containers.create(request, exchange.signal);
    exchange.json({ Id: id, Warnings: warnings }, 201);
  });
}
