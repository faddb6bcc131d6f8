/** The nftables table of an instance: what its networks and published ports need of the kernel. */
export type { GatewayMode, RuledBridge } from './bridge.ts';
export type { Element } from './element.ts';
export { Firewall, type FirewallOptions, type PortExplanation, type PublishPolicy } from './firewall.ts';
export { elementOfForward, elementOfLink, elementOfNeighbour, elementOfOpening } from './forward.ts';
