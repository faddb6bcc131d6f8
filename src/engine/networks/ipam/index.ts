export { type AskedAddresses, NetworkAddresses } from './network-addresses.ts';
export { planPools } from './plan.ts';
export { checkPools, chooseSubnet, DEFAULT_POOLS, uniqueLocalSubnet } from './pools.ts';
export { TakenBlocks } from './taken-blocks.ts';
