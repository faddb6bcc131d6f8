import type { Engine } from '#engine';
import { PRUNE_FILTERS, pruneSelection } from '../../filters/match.ts';
import type { Router } from '../../router.ts';
import { answerPrune } from '../../streams/prune-report.ts';

export function pruneRoutes(router: Router, { containers }: Engine): void {
  router.post('/containers/prune', (exchange) => {
    const selection = pruneSelection(exchange.query.filters(PRUNE_FILTERS));
    return answerPrune(exchange, async (onRemoved) => {
      const { removed, reclaimed } = await containers.prune({ ...selection, onRemoved });
      return { ContainersDeleted: orNull(removed), SpaceReclaimed: reclaimed };
    });
  });
}

const orNull = <T>(list: readonly T[]) => (list.length > 0 ? list : null);
