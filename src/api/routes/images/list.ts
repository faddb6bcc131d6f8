import type { Engine } from '#engine';
import type { Image, ManifestSummary } from '#engine/images';
import { invalid } from '#lib/errors';
import type { Filters, ImageSummary } from '#protocol';
import { imageSummary } from '../../encode/images.ts';
import { manifestSummary } from '../../encode/manifests.ts';
import type { Exchange } from '../../exchange.ts';
import { IMAGE_FILTERS, imageFilter, namesThatPass } from '../../filters/images.ts';
import type { Router } from '../../router.ts';

export function listRoutes(router: Router, engine: Engine): void {
  router.get('/images/json', async (exchange) => {
    const { query } = exchange;
    const filters = withOldParameter(query.filters(IMAGE_FILTERS), exchange);
    const wants = {
      shared: exchange.since('1.42') && query.flag('shared-size'),
      manifests: exchange.since('1.47') && query.flag('manifests'),
    };
    if (exchange.since('1.54') && query.flag('identity') && !wants.manifests) {
      throw invalid('conflicting options: identity requires manifests=1');
    }
    const shown = chosen(engine, filters, query.flag('all'));
    exchange.json(await rows(engine, shown, exchange, wants));
  });
}

/** Before 1.25 a pattern for the name had a parameter of its own. */
function withOldParameter(filters: Filters, exchange: Exchange): Filters {
  const pattern = exchange.since('1.25') ? '' : exchange.query.text('filter');
  return pattern && !filters.has('reference') ? new Map([...filters, ['reference', [pattern]]]) : filters;
}

/** Beside its manifests, which tell what they take packed and unpacked, an image is as large as they are together. */
const withContent = (image: Image, manifests: readonly ManifestSummary[] = []): Image => ({
  ...image,
  size: manifests.reduce((sum, { ownSize }) => sum + ownSize, image.size),
});

function chosen({ images }: Engine, filters: Filters, all: boolean): Image[] {
  const passes = imageFilter(filters, (reference) => images.get(reference));
  const list = images.list();
  const parents = new Set(list.map((image) => image.parent));
  // An image without a name that another one was built on is a step of a build.
  const isStep = ({ id, tags }: Image) => tags.length === 0 && parents.has(id);
  return list.filter((image) => (all || !isStep(image)) && passes(image)).map(namesThatPass(filters));
}

async function rows(
  { images }: Engine,
  shown: readonly Image[],
  exchange: Exchange,
  wants: { readonly shared: boolean; readonly manifests: boolean },
): Promise<ImageSummary[]> {
  const usage = wants.shared ? await images.usage() : undefined;
  const shared = new Map(usage?.images.map((image) => [image.id, image.shared]));
  return Promise.all(
    shown.map(async (image) => {
      const size = shared.get(image.id);
      const manifests = wants.manifests ? await images.manifests(image.id) : undefined;
      return imageSummary(withContent(image, manifests), {
        since: (version) => exchange.since(version),
        ...(size !== undefined && { shared: size }),
        ...(exchange.since('1.51') && { containers: images.containersOf(image.id) }),
        ...(manifests && { manifests: manifests.map(manifestSummary) }),
      });
    }),
  );
}
