import { notFound, unsupported } from '#lib/errors';
import type { Exchange } from '../exchange.ts';
import type { Router } from '../router.ts';

const PLUGIN_FILTERS = ['enabled', 'capability'] as const;

/** Managed plugins: there are none, and none can be installed. */
export function pluginRoutes(router: Router): void {
  const refuse = () => {
    throw unsupported('managed plugins are not supported');
  };
  const missing = (exchange: Exchange) => {
    throw notFound(`plugin "${exchange.param('name')}" not found`);
  };
  router.get('/plugins', (exchange) => {
    exchange.query.filters(PLUGIN_FILTERS);
    exchange.json([]);
  });
  router.get('/plugins/privileges', refuse);
  router.post('/plugins/create', refuse);
  router.post('/plugins/pull', refuse);
  router.get('/plugins/{name...}/json', missing);
  router.delete('/plugins/{name...}', missing);
  for (const verb of ['enable', 'disable', 'push', 'upgrade', 'set'])
    router.post(`/plugins/{name...}/${verb}`, missing);
}
