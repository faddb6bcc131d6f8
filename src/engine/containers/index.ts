/** Containers: their records, and a verb a file. */
export type { PathStat, WriteArchiveOptions } from './archive.ts';
export type { Attachment, AttachRequest } from './attach-client.ts';
export type { CommitOptions } from './commit.ts';
export { Containers } from './containers.ts';
export type { ContainersOptions } from './context.ts';
export type { CreateRequest } from './create.ts';
export type { ExecRequest, ExecSessionView, ExecStartOptions } from './exec.ts';
export type { ExecConfig, ExecRecord } from './exec-table.ts';
export type { ListItem } from './list.ts';
export type { OutputRecord } from './output.ts';
export type { PruneOptions } from './prune.ts';
export type * from './record.ts';
export type { RemoveOptions } from './remove.ts';
export type { ContainerStats } from './stats.ts';
export type { StopOptions } from './stop.ts';
export type { UpdateRequest } from './update.ts';
export { resolveUser } from './user.ts';
export type { ExitResult, WaitCondition } from './wait.ts';
