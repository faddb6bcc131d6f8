import type { Engine } from '#engine';
import { type ContainerUpdateRequest, containerUpdateRequest } from '#protocol';
import { portBindings, portSelections } from '../../decode/ports.ts';
import { resourceChanges, restartPolicy } from '../../decode/resources.ts';
import type { Router } from '../../router.ts';

export function updateRoutes(router: Router, { containers }: Engine): void {
  router.post('/containers/{id}/update', async (exchange) => {
    const wire = await exchange.read(containerUpdateRequest);
    const { warnings } = await containers.update(exchange.param('id'), {
      resources: resourceChanges(wire, {
        pids: exchange.since('1.40'),
        perDevice: exchange.since('1.55'),
        kernelMemory: !exchange.since('1.42'),
      }),
      ...portChanges(wire),
      ...(wire.RestartPolicy?.Name && { restartPolicy: restartPolicy(wire.RestartPolicy) }),
    });
    exchange.json({ Warnings: warnings.length > 0 ? warnings : null });
  });
}

/** Berth's own: published ports of a container that may be running. @throws invalid */
function portChanges({ PublishAdd = {}, PublishRemove = [] }: ContainerUpdateRequest) {
  const ports = { add: portBindings(PublishAdd), remove: PublishRemove.flatMap(portSelections) };
  return ports.add.length + ports.remove.length > 0 ? { ports } : {};
}
