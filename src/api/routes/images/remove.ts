import type { Engine } from '#engine';
import { deleteItem } from '../../encode/images.ts';
import { booleanFilter, PRUNE_FILTERS, pruneSelection } from '../../filters/match.ts';
import type { Router } from '../../router.ts';

export function removeRoutes(router: Router, { images }: Engine): void {
  router.delete('/images/{name...}', async (exchange) => {
    const { query } = exchange;
    const removed = await images.remove(exchange.param('name'), {
      force: query.flag('force'),
      noPrune: query.flag('noprune'),
    });
    exchange.json(removed.map(deleteItem));
  });

  router.post('/images/prune', async (exchange) => {
    const filters = exchange.query.filters(['dangling', ...PRUNE_FILTERS]);
    const { removed, reclaimed } = await images.prune({
      ...pruneSelection(filters),
      dangling: booleanFilter(filters, 'dangling') ?? true,
    });
    exchange.json({
      ImagesDeleted: removed.length > 0 ? removed.map(deleteItem) : null,
      SpaceReclaimed: reclaimed,
    });
  });
}
