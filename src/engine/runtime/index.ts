/** An OCI runtime (crun by default) held by conmon. Knows bundles and processes, nothing of Docker. */
export type { Adopted } from './adopt.ts';
export type { AttachOptions, AttachRecord, AttachStream } from './attach.ts';
export type { RuntimeBinary } from './binary.ts';
export type { ExitStatus } from './container.ts';
export type { CreateOptions, Running } from './create.ts';
export type { ExecOptions, ExecSession } from './exec.ts';
export { RuntimeError } from './failure.ts';
export { hasContainers } from './has-containers.ts';
export { Runtimes, type RuntimesOptions } from './runtimes.ts';
