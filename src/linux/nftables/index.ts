export { Nftables } from './nftables.ts';
export { NftProgram } from './program.ts';
export { PortRedirect } from './redirect.ts';
export type { NftRunner } from './runner.ts';
export { TraceSocket, type TraceStep } from './trace.ts';
export { type ChangedTables, watchRuleset, watchTable } from './watch.ts';
