export { Nftables } from './nftables.ts';
export { TraceSocket, type TraceStep } from './trace.ts';
export { type ChangedTables, watchRuleset, watchTable } from './watch.ts';
