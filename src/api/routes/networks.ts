import type { Engine } from '#engine';
import { invalid, isKind } from '#lib/errors';
import { networkConnectRequest, networkCreateRequest, networkDisconnectRequest } from '#protocol';
import { parseBoolean } from '../decode/boolean.ts';
import { endpointSpec, networkOptions } from '../decode/networks.ts';
import { parseContainerPort } from '../decode/ports.ts';
import { networkInspect, networkStatus } from '../encode/networks.ts';
import type { Exchange } from '../exchange.ts';
import { PRUNE_FILTERS, pruneSelection } from '../filters/match.ts';
import { NETWORK_FILTERS, networkFilter } from '../filters/networks.ts';
import type { Router } from '../router.ts';
import { answerPrune } from '../streams/prune-report.ts';

export function networkRoutes(router: Router, engine: Engine): void {
  const { networks } = engine;

  const list = (exchange: Exchange) => {
    const isUsed = (id: string) => networks.endpoints(id).size > 0;
    const passes = networkFilter(exchange.query.filters(NETWORK_FILTERS), isUsed);
    exchange.json(
      networks
        .list()
        .filter(passes)
        .map((network) => networkInspect(network, new Map(), () => '')),
    );
  };
  router.get('/networks', list);
  router.get('/networks/', list);

  router.get('/networks/{id}', (exchange) => {
    const verbose = exchange.query.text('verbose');
    if (verbose !== '' && parseBoolean(verbose) === undefined)
      throw invalid(`invalid value for verbose: ${verbose}`);
    const network = networks.get(exchange.param('id'));
    const scope = exchange.query.text('scope');
    if (scope !== '' && scope !== network.scope) networks.get(`${scope} network ${network.name}`);
    const inspected = networkInspect(network, networks.endpoints(network.id), (id) => nameOf(engine, id));
    const status = exchange.since('1.52') ? { Status: networkStatus(networks.usage(network.id)) } : {};
    exchange.json({ ...inspected, ...status });
  });

  // Berth's own: see docs/networking.md.
  router.get('/ports/{port}/explain', async (exchange) => {
    const protocol = exchange.query.text('protocol') || 'tcp';
    const port = parseContainerPort(`${exchange.param('port')}/${protocol}`);
    const { policy, owners, verdicts, problems } = await networks.explainPort({
      protocol: port.protocol,
      port: port.containerPort,
    });
    exchange.json({
      Policy: policy,
      Owners: owners.map(({ name, hostIp, containerPort }) => ({
        Name: name,
        HostIp: hostIp,
        ContainerPort: containerPort,
      })),
      Verdicts: verdicts.map(({ interface: at, sources, open, rule }) => ({
        Interface: at,
        Sources: sources,
        Open: open,
        Rule: rule,
      })),
      Problems: problems,
    });
  });

  router.post('/networks/create', async (exchange) => {
    const { id } = await networks.create(networkOptions(await exchange.read(networkCreateRequest)));
    exchange.json({ Id: id, Warning: '' }, 201);
  });

  router.delete('/networks/{id}', async (exchange) => {
    await networks.remove(exchange.param('id'));
    exchange.empty();
  });

  router.post('/networks/prune', (exchange) => {
    const selection = pruneSelection(exchange.query.filters(PRUNE_FILTERS));
    return answerPrune(exchange, async (onRemoved) => {
      const removed = await networks.prune(selection);
      for (const name of removed) onRemoved(name);
      return { NetworksDeleted: removed.length > 0 ? removed : null };
    });
  });

  router.post('/networks/{id}/connect', async (exchange) => {
    const { Container = '', EndpointConfig = {} } = await exchange.read(networkConnectRequest);
    await engine.containers.connect(Container, endpointSpec(exchange.param('id'), EndpointConfig));
    exchange.empty(200);
  });
  router.post('/networks/{id}/disconnect', async (exchange) => {
    const { Container = '', Force = false } = await exchange.read(networkDisconnectRequest);
    await engine.containers.disconnect(Container, exchange.param('id'), { force: Force });
    exchange.empty(200);
  });
}

function nameOf({ containers }: Engine, id: string): string {
  try {
    return containers.get(id).name;
  } catch (error) {
    if (isKind(error, 'not-found')) return '';
    throw error;
  }
}
