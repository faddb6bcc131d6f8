import { notFound, unsupported } from '#lib/errors';
import type { Router } from '../router.ts';

export function pluginRoutes(router: Router): void {
  const refuse = () => {
    throw unsupported('managed plugins are not supported');
  };
  router.get('/plugins', (exchange) => exchange.json([]));
  router.get('/plugins/privileges', refuse);
  router.post('/plugins/create', refuse);
  router.post('/plugins/pull', refuse);
  router.get('/plugins/{name...}/json', (exchange) => {
    throw notFound(`plugin "${exchange.param('name')}" not found`);
  });
  router.delete('/plugins/{name...}', (exchange) => {
    throw notFound(`plugin "${exchange.param('name')}" not found`);
  });
}
