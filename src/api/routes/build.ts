import { unsupported } from '#lib/errors';
import type { Router } from '../router.ts';

export function buildRoutes(router: Router): void {
  const refuse = () => {
    throw unsupported('building images is not supported yet: import, load or pull them');
  };
  router.post('/build', refuse);
  router.post('/build/cancel', refuse);
  // Nothing was built, so there is nothing to remove: what `docker system prune` needs to hear.
  router.post('/build/prune', (exchange) => {
    exchange.json({ CachesDeleted: null, SpaceReclaimed: 0 });
  });
}
