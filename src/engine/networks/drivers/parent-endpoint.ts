import type { Request } from '#linux/netlink';
import type { NetworkRecord, ParentRecord } from '../record.ts';
import type { Endpoint } from '../sandbox.ts';

/**
 * Its name until it is where it belongs: kernels before 6.13 look for one of the same name where it is made from, and
 * most hosts have an `eth0`.
 */
const nameOnTheWay = ({ endpointId }: Endpoint): string => `on${endpointId.slice(0, 12)}`;

/** Gives a link that has arrived in the namespace its own name. */
export const arrivalRequests = ({ parent }: NetworkRecord, endpoint: Endpoint): Request[] =>
  parent ? [{ op: 'link-rename', name: nameOnTheWay(endpoint), to: endpoint.interface }] : [];

/** A link that shares the parent's wire, still down and under another name, in the namespace. */
export function sharedLinkRequests(parent: ParentRecord, endpoint: Endpoint, netns: string): Request[] {
  const { name, mtu, mode, flag = 'bridge' } = parent;
  const link = { name: nameOnTheWay(endpoint), parent: name, netns, ...(mtu === undefined ? {} : { mtu }) };
  switch (mode) {
    case 'l2':
    case 'l3':
    case 'l3s':
      // Its MAC address is the parent's.
      return [{ op: 'link-add-ipvlan', mode, flag, ...link }];
    default:
      return [{ op: 'link-add-macvlan', mode, ...link, mac: endpoint.mac }];
  }
}

/** The host routes between the links: there is no gateway, and an interface is all that a route names. */
export const routesByInterface = ({ mode }: ParentRecord): boolean => mode === 'l3' || mode === 'l3s';

/** Whether its links have MAC addresses of their own. */
export const hasOwnMac = ({ flag }: ParentRecord): boolean => flag === undefined;
