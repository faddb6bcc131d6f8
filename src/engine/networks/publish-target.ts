import type { PublishTarget } from '#engine/ports';
import { chooseGateways } from './gateway.ts';
import type { SandboxRecord } from './record.ts';
import type { Endpoint } from './sandbox.ts';
import type { NetworksState } from './state.ts';

/** Where a sandbox's published ports go to: the endpoints that lead out of it by a bridge of ours, if any do. */
export function publishTarget(
  { networks }: Pick<NetworksState, 'networks'>,
  {
    containerId,
    containerName,
    endpoints,
  }: Pick<SandboxRecord, 'containerId' | 'containerName' | 'endpoints'>,
): PublishTarget | undefined {
  const { four, six } = chooseGateways(endpoints);
  const recordOf = (endpoint: Endpoint | undefined) => endpoint && networks.get(endpoint.networkId)?.record;
  const [network4, network6] = [recordOf(four), recordOf(six)];
  const address = network4?.bridge ? four?.address : undefined;
  const address6 = network6?.bridge ? six?.address6 : undefined;
  if (address === undefined && address6 === undefined) return undefined;
  const others = endpoints.filter(({ pending }) => !pending).flatMap((endpoint) => recordOf(endpoint) ?? []);
  const nearby = others
    .filter((network) => network !== network4 && network !== network6)
    .flatMap(({ pools }) => pools.map(({ subnet }) => subnet));
  const hostIp = network4?.bridge?.hostBinding;
  return {
    containerId,
    containerName,
    endpointId: (four ?? six)?.endpointId ?? '',
    ...(address === undefined ? {} : { address }),
    ...(address6 === undefined ? {} : { address6 }),
    ...(hostIp === undefined ? {} : { hostIp }),
    routed4: network4?.bridge?.gatewayMode4 === 'routed',
    routed6: network6?.bridge?.gatewayMode6 === 'routed',
    nearby,
  };
}
