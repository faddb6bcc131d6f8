/** Container logs: conmon writes them, this reads, follows, rotates, delivers and removes them. */
export type { Attributes } from './attributes.ts';
export { isForwarded, LOG_DRIVERS, type LogConfig, requireReadable, validateLogConfig } from './config.ts';
export { conmonLogArguments } from './conmon-arguments.ts';
export { logDetails } from './details.ts';
export type { LogEntry } from './entry.ts';
export { LogForwarding } from './forward/forwarding.ts';
export { type ReadOptions, readLogs } from './read.ts';
export { LogRotation } from './rotation.ts';
export type { LogSource } from './source.ts';
