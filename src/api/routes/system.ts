import { invalid } from '#lib/errors';
import { authConfig, header, type SnapshotMigration } from '#protocol';
import { parseBoolean } from '../decode/boolean.ts';
import { registryAuthOf } from '../decode/registry-auth.ts';
import { type DiskUsageOptions, type DiskUsageType, diskUsage } from '../encode/disk-usage.ts';
import { infoForVersion } from '../encode/info-by-version.ts';
import { systemInfo, systemVersion } from '../encode/system.ts';
import type { Exchange } from '../exchange.ts';
import type { Router } from '../router.ts';
import type { ApiOptions } from '../server.ts';

export function systemRoutes(router: Router, options: ApiOptions): void {
  const { engine } = options;
  const pingHeaders = {
    [header.builderVersion]: '1',
    [header.buildStreams]: '1',
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
    const info = systemInfo(await engine.info(), options);
    exchange.json(infoForVersion(info, (version) => exchange.since(version)));
  });

  router.get('/system/df', async (exchange) => {
    exchange.json(await diskUsage(engine, diskUsageOptions(exchange)));
  });

  // Not Docker's.
  router.post('/system/migrate-snapshots', async (exchange) => {
    const { form, layers } = await engine.images.migrateLayers(exchange.signal);
    const report: SnapshotMigration = {
      Form: form,
      Converted: layers.converted,
      Unchanged: layers.unchanged,
      InUse: layers['in-use'],
      Unfit: layers.unfit,
    };
    exchange.json(report);
  });

  router.post('/auth', async (exchange) => {
    const auth = registryAuthOf(await exchange.read(authConfig)) ?? {};
    const token = await engine.images.login(auth, exchange.signal);
    exchange.json({ Status: 'Login Succeeded', IdentityToken: token ?? '' });
  });
}

const TYPES: readonly DiskUsageType[] = ['container', 'image', 'volume', 'build-cache'];

/** The shape changed in 1.52; that version answers in both, unless a client shows that it knows. @throws invalid */
function diskUsageOptions(exchange: Exchange): DiskUsageOptions {
  const { query } = exchange;
  const types = exchange.since('1.42') ? query.all('type') : [];
  const unknown = types.find((type) => !TYPES.some((known) => known === type));
  if (unknown !== undefined) throw invalid(`unknown object type: ${unknown}`);
  const modern = exchange.since('1.52');
  const verbose = modern ? query.text('verbose') : '';
  if (verbose !== '' && parseBoolean(verbose) === undefined) {
    throw invalid(`invalid value for verbose: ${verbose}`);
  }
  return {
    wants: (type) => types.length === 0 || types.includes(type),
    legacy: !modern || (verbose === '' && !exchange.since('1.53')),
    modern,
    verbose: parseBoolean(verbose) ?? false,
    since: (version) => exchange.since(version),
  };
}
