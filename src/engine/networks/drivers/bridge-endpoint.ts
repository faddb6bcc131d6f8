import type { Request } from '#linux/netlink';
import type { BridgeRecord } from '../record.ts';
import type { Endpoint } from '../sandbox.ts';

/** Name of the host's end of an endpoint's veth pair. It dies with the namespace at the latest. */
export const vethName = (endpointId: string): string => `veth${endpointId.slice(0, 8)}`;

/** A veth pair with one end on the bridge and the other, still down, in the namespace. */
export function vethRequests(bridge: BridgeRecord, endpoint: Endpoint, netns: string): Request[] {
  const name = endpoint.hostInterface ?? vethName(endpoint.endpointId);
  return [
    {
      op: 'link-add-veth',
      name,
      peer: endpoint.interface,
      peerNetns: netns,
      master: bridge.name,
      mac: endpoint.mac,
      ...(bridge.mtu === undefined ? {} : { mtu: bridge.mtu }),
    },
    ...portRequests(bridge, name),
    ...(endpoint.bandwidth.in === undefined
      ? []
      : [{ op: 'queue-limit', name, rate: endpoint.bandwidth.in } as const]),
  ];
}

/** What the bridge is to know of the port. */
export const portRequests = (bridge: BridgeRecord, name: string): Request[] => [
  // A container that reaches its own published port goes out and comes in by the same port of the bridge.
  { op: 'link-hairpin', name, on: true },
  // In the bridge itself: packets between its ports pass no firewall where bridge netfilter is off.
  ...(bridge.icc ? [] : [{ op: 'link-isolate', name, on: true } as const]),
];
