import type { Engine } from '#engine';
import { type FilesystemChange, mediaType } from '#protocol';
import type { Router } from '../../router.ts';
import { sendFile } from '../../streams/send-file.ts';

const KIND = { modified: 0, added: 1, deleted: 2 } as const;

export function filesystemRoutes(router: Router, { containers }: Engine): void {
  router.get('/containers/{id}/changes', async (exchange) => {
    const changes = await containers.changes(exchange.param('id'));
    exchange.json(changes.map(({ path, kind }): FilesystemChange => ({ Path: path, Kind: KIND[kind] })));
  });

  router.get('/containers/{id}/export', async (exchange) => {
    const { id } = containers.get(exchange.param('id'));
    await sendFile(exchange, containers.export(id), mediaType.tar);
  });
}
