/** Container logs: conmon writes them, this reads, follows, rotates and removes them. */
export { type LogConfig, requireReadable, validateLogConfig } from './config.ts';
export { conmonLogArguments } from './conmon-arguments.ts';
export type { LogEntry } from './entry.ts';
export { type ReadOptions, readLogs } from './read.ts';
export { LogRotation } from './rotation.ts';
