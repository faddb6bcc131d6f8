import type { Engine } from '#engine';
import type { Network } from '#engine/networks';
import { invalid, isKind, unsupported } from '#lib/errors';
import {
  type NetworkCreateRequest,
  networkConnectRequest,
  networkCreateRequest,
  networkDisconnectRequest,
} from '#protocol';
import { endpointSpec } from '../decode/create.ts';
import { networkInspect } from '../encode/networks.ts';
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
    const network = networks.get(exchange.param('id'));
    const scope = exchange.query.text('scope');
    if (scope !== '' && scope !== network.scope) networks.get(`${scope} network ${network.name}`);
    exchange.json(networkInspect(network, networks.endpoints(network.id), (id) => nameOf(engine, id)));
  });

  router.post('/networks/create', async (exchange) => {
    const { id } = await networks.create(createOptions(await exchange.read(networkCreateRequest)));
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

/** @throws invalid, unsupported */
function createOptions(wire: NetworkCreateRequest): Parameters<Engine['networks']['create']>[0] {
  const name = wire.Name ?? '';
  if (name.trim() === '') throw invalid('invalid network name: it cannot be empty');
  if (wire.ConfigOnly || wire.ConfigFrom?.Network)
    throw unsupported('config-only networks are not supported');
  if (wire.Scope && wire.Scope !== ('local' satisfies Network['scope'])) {
    throw unsupported(`networks of scope ${wire.Scope} are not supported: only local ones are`);
  }
  return {
    name,
    driver: wire.Driver || 'bridge',
    ipam: {
      driver: wire.IPAM?.Driver ?? '',
      options: wire.IPAM?.Options ?? {},
      pools: (wire.IPAM?.Config ?? []).map(({ Subnet, IPRange, Gateway, AuxiliaryAddresses }) => ({
        ...(Subnet && { subnet: Subnet }),
        ...(IPRange && { ipRange: IPRange }),
        ...(Gateway && { gateway: Gateway }),
        auxAddresses: AuxiliaryAddresses ?? {},
      })),
    },
    internal: wire.Internal ?? false,
    ipv4: wire.EnableIPv4 ?? true,
    ipv6: wire.EnableIPv6 ?? false,
    attachable: wire.Attachable ?? false,
    labels: wire.Labels ?? {},
    options: wire.Options ?? {},
  };
}
