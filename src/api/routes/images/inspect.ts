import type { Engine } from '#engine';
import { invalid } from '#lib/errors';
import { header } from '#protocol';
import { decodePlatform } from '../../decode/platform.ts';
import { registryConfig } from '../../decode/registry-auth.ts';
import { historyItem, imageInspect } from '../../encode/images.ts';
import { attestationText, imageVerification, manifestSummary } from '../../encode/manifests.ts';
import type { Exchange } from '../../exchange.ts';
import type { Router } from '../../router.ts';

export function inspectRoutes(router: Router, { images, snapshots }: Engine): void {
  router.get('/images/{name...}/history', (exchange) => {
    const platform = exchange.since('1.48') ? decodePlatform(exchange.query.text('platform')) : '';
    const steps = images.history(exchange.param('name'), platform ? { platform } : {});
    exchange.json(steps.map(historyItem));
  });

  router.get('/images/{name...}/attestations', async (exchange) => {
    const { query } = exchange;
    const platforms = query.all('platform');
    if (platforms.length > 1) throw invalid('only one platform value is currently supported');
    const platform = decodePlatform(platforms[0] ?? '');
    const found = await images.attestations(exchange.param('name'), {
      ...(platform && { platform }),
      types: query
        .all('type')
        .map((type) => type.trim())
        .filter(Boolean),
      withStatement: query.flag('statement'),
    });
    exchange.jsonText(`[${found.map(attestationText).join(',')}]`);
  });

  // Not Docker's.
  router.post('/images/verify', async (exchange) => {
    const { query, signal } = exchange;
    const verification = await images.verify({
      names: query.all('names').filter(Boolean),
      repair: query.flag('repair'),
      auth: registryConfig(exchange.header(header.registryConfig)),
      signal,
    });
    exchange.json(imageVerification(verification));
  });

  router.get('/images/{name...}/json', async (exchange) => {
    const name = exchange.param('name');
    const { manifests, platform } = inspectOptions(exchange);
    const image = images.get(name, platform ? { platform } : {});
    exchange.json(
      imageInspect(image, {
        driver: snapshots.driver,
        graph: null,
        since: (version) => exchange.since(version),
        ...(manifests && { manifests: (await images.manifests(name)).map(manifestSummary) }),
      }),
    );
  });
}

/** @throws invalid */
function inspectOptions(exchange: Exchange): { manifests: boolean; platform: string } {
  const manifests = exchange.since('1.48') && exchange.query.flag('manifests');
  const platform = exchange.since('1.49') ? decodePlatform(exchange.query.text('platform')) : '';
  if (manifests && platform)
    throw invalid('conflicting options: manifests and platform options cannot both be set');
  return { manifests, platform };
}
