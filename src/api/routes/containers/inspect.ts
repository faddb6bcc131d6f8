import type { Engine } from '#engine';
import { containerInspect } from '../../encode/containers.ts';
import type { NetworkIds } from '../../encode/network-settings.ts';
import type { Router } from '../../router.ts';

export function inspectRoutes(router: Router, engine: Engine): void {
  router.get('/containers/{id}/json', async (exchange) => {
    const record = engine.containers.get(exchange.param('id'));
    const withSize = exchange.query.flag('size');
    const inspect = containerInspect({
      record,
      apparmorProfile: engine.containers.apparmorProfile(record) ?? '',
      sandbox: engine.containers.sandbox(record.id),
      networks: networkIds(engine),
      links: engine.containers.links(record),
      graph: engine.snapshots.describe(record.id),
      directory: `${engine.options.dataRoot}/containers/${record.id}`,
      ownAliases: !exchange.since('1.45'),
      legacyNetwork: !exchange.since('1.52'),
      withDescriptor: exchange.since('1.48'),
      ...(withSize && { size: await engine.containers.size(record.id) }),
    });
    exchange.json(inspect);
  });

  router.get('/containers/{id}/top', async (exchange) => {
    const psArguments = exchange.query.text('ps_args') || '-ef';
    const { titles, processes } = await engine.containers.top(exchange.param('id'), psArguments);
    exchange.json({ Titles: titles, Processes: processes });
  });
}

export const networkIds = ({ networks }: Engine): NetworkIds =>
  new Map(networks.list().map((network) => [network.name, network.id]));
