import type { Request } from '#linux/netlink';
import type { NetworkRecord } from '../record.ts';
import type { Endpoint } from '../sandbox.ts';
import type { NetworksState } from '../state.ts';
import { destroyBridge, ensureBridge, type HostAddresses } from './bridge-device.ts';
import { vethRequests } from './bridge-endpoint.ts';
import { destroyParent, ensureParent } from './parent-device.ts';
import { sharedLinkRequests } from './parent-endpoint.ts';

export {
  addressOfExisting,
  bridgeAddresses,
  checkInterfaceName,
  defaultBridgeName,
  type HostAddresses,
  quietBridge,
  subnetsInUse,
} from './bridge-device.ts';
export { portRequests, vethName } from './bridge-endpoint.ts';
export { bridgeOf, truth } from './bridge-options.ts';
export { planParent } from './parent-device.ts';
export { arrivalRequests, hasOwnMac, routesByInterface } from './parent-endpoint.ts';

/** Makes what a network needs on the host, or completes what is there. Safe to repeat. Returns its bridge's index. */
export function ensureNetwork(
  state: Pick<NetworksState, 'route' | 'options'>,
  network: NetworkRecord,
  host?: HostAddresses,
): number | undefined {
  ensureParent(state.route, network);
  return ensureBridge(state.route, network, state.options.log, host);
}

/** Takes it away again; what is missing is fine. */
export async function destroyNetwork(
  state: Pick<NetworksState, 'worker' | 'options'>,
  network: NetworkRecord,
): Promise<void> {
  if (network.bridge) await destroyBridge(state, network.bridge);
  if (network.parent) await destroyParent(state, network.parent);
}

/** What makes the interface of an endpoint, sent from the host's namespace; none in the networks `host` and `none`. */
export function linkRequests(network: NetworkRecord, endpoint: Endpoint, netns: string): Request[] {
  if (network.bridge) return vethRequests(network.bridge, endpoint, netns);
  if (network.parent) return sharedLinkRequests(network.parent, endpoint, netns);
  return [];
}

/** What takes it away again. */
export function unlinkRequests(endpoint: Endpoint): { host: Request[]; inside: Request[] } {
  if (endpoint.interface === '') return { host: [], inside: [] };
  const { hostInterface } = endpoint;
  if (hostInterface !== undefined) return { host: [{ op: 'link-del', name: hostInterface }], inside: [] };
  return { host: [], inside: [{ op: 'link-del', name: endpoint.interface }] };
}
