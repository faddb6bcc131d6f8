/** The nftables table of an instance: what its networks and published ports need of the kernel. */
export { Firewall } from './firewall.ts';
export type { Forward, RuledBridge } from './ruleset.ts';
