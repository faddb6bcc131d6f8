import type { Engine } from '#engine';
import { PRUNE_FILTERS, pruneSelection } from '../../filters/match.ts';
import type { Router } from '../../router.ts';

export function pruneRoutes(router: Router, { containers }: Engine): void {
  router.post('/containers/prune', async (exchange) => {
    const { removed, reclaimed } = await containers.prune(
      pruneSelection(exchange.query.filters(PRUNE_FILTERS)),
    );
    exchange.json({ ContainersDeleted: removed.length > 0 ? removed : null, SpaceReclaimed: reclaimed });
  });
}
