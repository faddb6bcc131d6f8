import type { Engine } from '#engine';
import { unsupported } from '#lib/errors';
import { decodePlatform } from '../../decode/platform.ts';
import { historyItem, imageInspect } from '../../encode/images.ts';
import type { Router } from '../../router.ts';

export function inspectRoutes(router: Router, { images, snapshots }: Engine): void {
  router.get('/images/{name...}/history', (exchange) => {
    exchange.json(images.history(exchange.param('name')).map(historyItem));
  });

  router.get('/images/{name...}/attestations', () => {
    throw unsupported('attestations of images are not supported');
  });

  router.get('/images/{name...}/json', (exchange) => {
    const platform = decodePlatform(exchange.query.text('platform'));
    const image = images.get(exchange.param('name'), platform ? { platform } : {});
    exchange.json(
      imageInspect(image, {
        driver: snapshots.driver,
        graph: null,
        virtualSize: !exchange.since('1.44'),
        withDescriptor: exchange.since('1.48'),
        wholeConfig: !exchange.since('1.50'),
      }),
    );
  });
}
