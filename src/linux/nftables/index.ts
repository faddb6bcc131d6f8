export { type ElementChange, encodeChange, type SetElement } from './elements.ts';
export { Nftables } from './nftables.ts';
export { NftProgram } from './program.ts';
export { PortRedirect } from './redirect.ts';
export type { NftRunner } from './runner.ts';
export { parseSetType, type SetType } from './set-type.ts';
export { TraceSocket, type TraceStep } from './trace.ts';
export type { Step } from './transaction.ts';
export { type ChangedTables, watchRuleset, watchTable } from './watch.ts';
