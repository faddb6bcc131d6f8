import type { Engine } from '#engine';
import { decodePlatforms } from '../../decode/platform.ts';
import { deleteItem } from '../../encode/images.ts';
import { booleanFilter, PRUNE_FILTERS, pruneSelection } from '../../filters/match.ts';
import type { Router } from '../../router.ts';
import { answerPrune } from '../../streams/prune-report.ts';

export function removeRoutes(router: Router, { images }: Engine): void {
  router.delete('/images/{name...}', async (exchange) => {
    const { query } = exchange;
    const platforms = exchange.since('1.50') ? decodePlatforms(query.all('platforms')) : [];
    const removed = await images.remove(exchange.param('name'), {
      force: query.flag('force'),
      noPrune: query.flag('noprune'),
      platforms,
    });
    exchange.json(removed.map(deleteItem));
  });

  router.post('/images/prune', (exchange) => {
    const filters = exchange.query.filters(['dangling', ...PRUNE_FILTERS]);
    const selection = {
      ...pruneSelection(filters),
      dangling: booleanFilter(filters, 'dangling') ?? true,
      dryRun: exchange.query.flag('dry-run'),
    };
    return answerPrune(exchange, async (onRemoved) => {
      const { removed, reclaimed } = await images.prune(selection);
      for (const { untagged, deleted = '' } of removed) {
        if (untagged === undefined) onRemoved(deleted);
        else onRemoved(untagged, 'untagged');
      }
      return {
        ImagesDeleted: removed.length > 0 ? removed.map(deleteItem) : null,
        SpaceReclaimed: reclaimed,
      };
    });
  });
}
