/** Ports of the host that lead to containers. */
export type { PortBinding, Protocol, PublishedPort, PublishTarget } from './port.ts';
export { Ports } from './ports.ts';
export { type PortSelection, selects, withoutPorts, withoutSelected } from './selection.ts';
