import type { Engine } from '#engine';
import { unsupported } from '#lib/errors';
import { imageSummary } from '../../encode/images.ts';
import { IMAGE_FILTERS, imageFilter, namesThatPass } from '../../filters/images.ts';
import type { Router } from '../../router.ts';

export function listRoutes(router: Router, { images }: Engine): void {
  router.get('/images/json', async (exchange) => {
    const { query } = exchange;
    const filters = query.filters(IMAGE_FILTERS);
    const passes = imageFilter(filters, (reference) => images.get(reference));
    const usage = query.flag('shared-size') ? await images.usage() : undefined;
    const shared = new Map(usage?.images.map((image) => [image.id, image.shared]));
    const all = query.flag('all');
    const list = images.list();
    const parents = new Set(list.map((image) => image.parent));
    // An image without a name that another one was built on is a step of a build.
    const isStep = (image: { id: string; tags: readonly string[] }) =>
      image.tags.length === 0 && parents.has(image.id);
    const shown = list
      .filter((image) => (all || !isStep(image)) && passes(image))
      .map(namesThatPass(filters));
    exchange.json(
      shown.map((image) => {
        const size = shared.get(image.id);
        return imageSummary(image, {
          namesNone: !exchange.since('1.43'),
          virtualSize: !exchange.since('1.44'),
          withDescriptor: exchange.since('1.48'),
          ...(size !== undefined && { shared: size }),
        });
      }),
    );
  });

  router.get('/images/search', () => {
    throw unsupported('searching a registry is not supported');
  });
}
