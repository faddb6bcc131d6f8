import type { Scope } from '#lib/scope';
import { dnsNames, leaseEndpoint, releaseEndpoint } from './endpoint.ts';
import { chooseGateways } from './gateway.ts';
import type { KnownNetwork } from './network-table.ts';
import { plugIn, switchRoutes, unplug } from './plug.ts';
import type { SandboxRecord } from './record.ts';
import type { Endpoint, EndpointOptions } from './sandbox.ts';
import type { NetworksState } from './state.ts';

/** An endpoint that is asked for, and its network. */
export interface Place {
  readonly known: KnownNetwork;
  readonly asked: EndpointOptions;
}

/**
 * A container starts again while others still live in the namespace that it had: it gets that one back, with the
 * addresses it had, and those others stay connected. What it asks for by now is added, what it does not is taken
 * away. Returns its endpoints.
 */
export async function takeBack(
  state: NetworksState,
  former: SandboxRecord & { readonly netns: string },
  places: readonly Place[],
  scope: Scope,
): Promise<Endpoint[]> {
  const { worker } = state;
  const { netns } = former;
  const kept = former.endpoints.filter((endpoint) => places.some((place) => fits(endpoint, place)));
  const gone = former.endpoints.filter((endpoint) => !kept.includes(endpoint));
  const endpoints: Endpoint[] = [];
  const fresh: { endpoint: Endpoint; known: KnownNetwork }[] = [];
  for (const { known, asked } of places) {
    const same = kept.find((endpoint) => fits(endpoint, { known, asked }));
    if (same) {
      endpoints.push(renewed(former, same, asked));
      continue;
    }
    const endpoint = leaseEndpoint(former, known, asked, [...kept, ...endpoints]);
    scope.defer(() => releaseEndpoint(state, endpoint));
    fresh.push({ endpoint, known });
    endpoints.push(endpoint);
  }
  const pending = [...gone, ...fresh.map(({ endpoint }) => endpoint)];
  state.sandboxes.save({
    ...former,
    endpoints: [...kept, ...pending.map((endpoint) => ({ ...endpoint, pending: true }))],
  });
  scope.defer(() => state.sandboxes.save({ ...former, endpoints: kept }));
  for (const endpoint of gone) {
    await unplug(worker, netns, endpoint);
    releaseEndpoint(state, endpoint);
  }
  for (const { endpoint } of fresh) scope.defer(() => unplug(worker, netns, endpoint));
  await plugIn(
    worker,
    netns,
    fresh.map(({ endpoint, known }) => ({ endpoint, network: known.record })),
  );
  const [before, now] = [chooseGateways(kept), chooseGateways(endpoints)];
  scope.defer(() => switchRoutes(worker, netns, now, before));
  await switchRoutes(worker, netns, before, now);
  return endpoints;
}

/** Whether an endpoint that is there is what is asked for. */
function fits(endpoint: Endpoint, { known, asked }: Place): boolean {
  const options = asked.driverOptions ?? {};
  return (
    endpoint.networkId === known.record.id &&
    (asked.address === undefined || asked.address === endpoint.address) &&
    (asked.address6 === undefined || asked.address6 === endpoint.address6) &&
    (asked.mac === undefined || asked.mac.toLowerCase() === endpoint.mac) &&
    JSON.stringify(options) === JSON.stringify(endpoint.driverOptions)
  );
}

/** Names and priority are not the kernel's business. */
const renewed = (owner: SandboxRecord, endpoint: Endpoint, asked: EndpointOptions): Endpoint => ({
  ...endpoint,
  aliases: asked.aliases ?? [],
  links: asked.links ?? [],
  dnsNames: dnsNames(owner, asked.aliases ?? []),
  gatewayPriority: asked.gatewayPriority ?? 0,
});
