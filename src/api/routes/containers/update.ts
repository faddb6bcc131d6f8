import type { Engine } from '#engine';
import { containerUpdateRequest } from '#protocol';
import { resourceChanges, restartPolicy } from '../../decode/resources.ts';
import type { Router } from '../../router.ts';

export function updateRoutes(router: Router, { containers }: Engine): void {
  router.post('/containers/{id}/update', async (exchange) => {
    const wire = await exchange.read(containerUpdateRequest);
    const { warnings } = await containers.update(exchange.param('id'), {
      resources: resourceChanges(wire, { pids: exchange.since('1.40'), perDevice: exchange.since('1.55') }),
      ...(wire.RestartPolicy?.Name && { restartPolicy: restartPolicy(wire.RestartPolicy) }),
    });
    exchange.json({ Warnings: warnings.length > 0 ? warnings : null });
  });
}
