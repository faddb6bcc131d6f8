/** Ports of the host that lead to containers. */
export type { HostPort } from './allocator.ts';
export type { OutsidePorts } from './outside.ts';
export type { PortBinding, Protocol, PublishedPort, PublishTarget } from './port.ts';
export { Ports } from './ports.ts';
export type { RelayTarget } from './relay.ts';
export { relayPort } from './relay-port.ts';
export { type PortSelection, selects, withoutPorts, withoutSelected } from './selection.ts';
