import { messageOf } from '#lib/errors';
import { dnsNames } from './endpoint.ts';
import type { EndpointOptions } from './sandbox.ts';
import type { NetworksState } from './state.ts';

/** A container that exists, whether it runs or not. */
export interface KnownContainer {
  readonly containerId: string;
  readonly containerName: string;
  readonly hostname: string;
  readonly endpoints: readonly Pick<EndpointOptions, 'network' | 'aliases'>[];
}

/** From now on its names are asked of no server outside. No endpoints: it is no more, or has none. */
export function know(state: NetworksState, { endpoints, ...owner }: KnownContainer): void {
  const places = endpoints.map(({ network, aliases = [] }) => ({
    network: network === 'default' ? 'bridge' : network,
    names: dnsNames(owner, aliases),
  }));
  state.dns.putKnown(owner.containerId, places).catch((error: unknown) => {
    const fields = { container: owner.containerId, error: messageOf(error) };
    state.options.log.warn('names of a container may be asked of servers outside', fields);
  });
}
