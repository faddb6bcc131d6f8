import { unsupported } from '#lib/errors';
import { header, mediaType } from '#protocol';
import { diskUsage } from '../encode/disk-usage.ts';
import { systemInfo, systemVersion } from '../encode/system.ts';
import type { Exchange } from '../exchange.ts';
import type { Router } from '../router.ts';
import type { ApiOptions } from '../server.ts';

export function systemRoutes(router: Router, options: ApiOptions): void {
  const { engine } = options;
  const pingHeaders = {
    [header.builderVersion]: '1',
    [header.swarm]: 'inactive',
    'cache-control': 'no-cache, no-store, must-revalidate',
    pragma: 'no-cache',
  };
  router.get('/_ping', (exchange) => {
    exchange.send(200, 'OK', { 'content-type': 'text/plain; charset=utf-8', ...pingHeaders });
  });
  router.head('/_ping', (exchange) => {
    exchange.empty(200, { 'content-type': 'text/plain; charset=utf-8', 'content-length': 0, ...pingHeaders });
  });

  router.get('/version', async (exchange) => {
    exchange.json(systemVersion(await engine.info(), options));
  });

  router.get('/info', async (exchange) => {
    exchange.json(systemInfo(await engine.info(), options));
  });

  router.get('/system/df', async (exchange) => {
    exchange.json(await diskUsage(engine, diskUsageOptions(exchange)), 200, {
      'content-type': mediaType.json,
    });
  });

  router.post('/auth', () => {
    throw unsupported('checking credentials with a registry is not supported: pull with them instead');
  });
}

/** The shape changed in 1.52; that version answers in both. */
function diskUsageOptions(exchange: Exchange) {
  const { query } = exchange;
  const types = query.all('type');
  return {
    wants: (type: string) => types.length === 0 || types.includes(type),
    legacy: !exchange.since('1.53'),
    modern: exchange.since('1.52'),
    verbose: query.flag('verbose'),
  };
}
