import type { Engine } from '#engine';
import { header } from '#protocol';
import { decodePlatform } from '../../decode/platform.ts';
import { registryAuth } from '../../decode/registry-auth.ts';
import { ProgressReport } from '../../encode/progress.ts';
import type { Router } from '../../router.ts';
import { joinReference } from './pull.ts';

export function pushRoutes(router: Router, { images }: Engine): void {
  router.post('/images/{name...}/push', async (exchange) => {
    const { query, signal } = exchange;
    const auth = registryAuth(exchange.header(header.registryAuth));
    const reference = joinReference(exchange.param('name'), query.text('tag'));
    const platform = exchange.since('1.46') ? decodePlatform(query.text('platform')) : '';
    await exchange.lines(async (lines) => {
      const onProgress = new ProgressReport(lines).add;
      const { tag, digest, size } = await images.push(reference, {
        signal,
        onProgress,
        ...(auth && { auth }),
        ...(platform && { platform }),
      });
      await lines.write({ progressDetail: {}, aux: { Tag: tag, Digest: digest, Size: size } });
    });
  });

  router.post('/images/{name...}/tag', (exchange) => {
    const { query } = exchange;
    images.tag(exchange.param('name'), joinReference(query.text('repo'), query.text('tag')));
    exchange.empty(201);
  });
}
