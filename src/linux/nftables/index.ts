export { Nftables } from './nftables.ts';
export { watchTable } from './watch.ts';
