import type { Engine } from '#engine';
import { header } from '#protocol';
import { decodePlatform } from '../../decode/platform.ts';
import { registryAuth } from '../../decode/registry-auth.ts';
import { ProgressReport } from '../../encode/progress.ts';
import type { Router } from '../../router.ts';
import { hasTag, joinReference } from './pull.ts';

export function pushRoutes(router: Router, { images }: Engine): void {
  router.post('/images/{name...}/push', async (exchange) => {
    const { query, signal } = exchange;
    const auth = registryAuth(exchange.header(header.registryAuth));
    const [name, wantedTag] = [exchange.param('name'), query.text('tag')];
    const reference = joinReference(name, wantedTag);
    const platform = exchange.since('1.46') ? decodePlatform(query.text('platform')) : '';
    await exchange.lines(async (lines) => {
      const onProgress = new ProgressReport(lines).add;
      const options = { signal, onProgress, ...(auth && { auth }), ...(platform && { platform }) };
      const pushed =
        wantedTag === '' && !hasTag(name)
          ? await images.pushAllTags(name, options)
          : [await images.push(reference, options)];
      for (const { tag, digest, size } of pushed)
        await lines.write({ progressDetail: {}, aux: { Tag: tag, Digest: digest, Size: size } });
    });
  });

  router.post('/images/{name...}/tag', (exchange) => {
    const { query } = exchange;
    images.tag(exchange.param('name'), joinReference(query.text('repo'), query.text('tag')));
    exchange.empty(201);
  });
}
