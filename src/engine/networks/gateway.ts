import type { Endpoint } from './sandbox.ts';

/** The endpoints that lead out of a sandbox: its default routes, and where its published ports go to. */
export interface Gateways {
  readonly four: Endpoint | undefined;
  readonly six: Endpoint | undefined;
}

export const NO_GATEWAYS: Gateways = { four: undefined, six: undefined };

/**
 * As Docker picks them: by priority, then those with both families, then by the network's name. One endpoint
 * for each family; the same where it has both. One on an internal network has no gateway.
 */
export function chooseGateways(endpoints: readonly Endpoint[]): Gateways {
  const candidates = endpoints
    .filter(({ pending }) => !pending)
    .toSorted(
      (a, b) =>
        b.gatewayPriority - a.gatewayPriority ||
        waysOut(b) - waysOut(a) ||
        compare(a.networkName, b.networkName),
    );
  return {
    four: candidates.find(leadsOut4),
    six: candidates.find(leadsOut6),
  };
}

const leadsOut4 = ({ gateway, address, routesByInterface }: Endpoint): boolean =>
  gateway !== '' || (routesByInterface === true && address !== '');

const leadsOut6 = ({ gateway6, address6, routesByInterface }: Endpoint): boolean =>
  gateway6 !== undefined || (routesByInterface === true && address6 !== undefined);

/** Docker prefers both families to IPv6 alone, and that to IPv4 alone. */
const waysOut = (endpoint: Endpoint): number => (leadsOut4(endpoint) ? 1 : 0) + (leadsOut6(endpoint) ? 2 : 0);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
