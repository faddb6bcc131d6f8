import type { Engine } from '#engine';
import { invalid } from '#lib/errors';
import { encodeHeaderJson, header, mediaType } from '#protocol';
import type { Exchange } from '../../exchange.ts';
import type { Router } from '../../router.ts';
import { sendFile } from '../../streams/send-file.ts';

export function archiveRoutes(router: Router, { containers }: Engine): void {
  router.head('/containers/{id}/archive', async (exchange) => {
    const stat = await containers.statPath(exchange.param('id'), pathOf(exchange));
    exchange.empty(200, { [header.pathStat]: encodeHeaderJson(stat) });
  });

  router.get('/containers/{id}/archive', async (exchange) => {
    const { stat, tar } = await containers.readArchive(exchange.param('id'), pathOf(exchange));
    await sendFile(exchange, tar, mediaType.tar, { [header.pathStat]: encodeHeaderJson(stat) });
  });

  router.put('/containers/{id}/archive', async (exchange) => {
    const { query } = exchange;
    await containers.writeArchive(exchange.param('id'), pathOf(exchange), exchange.body, {
      noOverwriteDirNonDir: query.flag('noOverwriteDirNonDir'),
      copyUidGid: query.flag('copyUIDGID'),
    });
    exchange.empty(200);
  });
}

function pathOf({ query }: Exchange): string {
  const path = query.text('path');
  if (path === '') throw invalid('bad parameter: path cannot be empty');
  return path;
}
