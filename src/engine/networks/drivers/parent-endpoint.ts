import type { Request } from '#linux/netlink';
import type { ParentRecord } from '../record.ts';
import type { Endpoint } from '../sandbox.ts';

/** A link that shares the parent's wire, still down, in the namespace. */
export function sharedLinkRequests(parent: ParentRecord, endpoint: Endpoint, netns: string): Request[] {
  const { name, mtu, mode, flag = 'bridge' } = parent;
  const link = { name: endpoint.interface, parent: name, netns, ...(mtu === undefined ? {} : { mtu }) };
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
