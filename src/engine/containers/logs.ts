import {
  type Attributes,
  type LogEntry,
  logDetails,
  type ReadOptions,
  readLogs,
  requireReadable,
} from '#engine/logs';
import type { Context } from './context.ts';
import { logSource } from './log-delivery.ts';
import { hasProcess } from './state.ts';

export interface ContainerLog {
  readonly tty: boolean;
  /** The same of every entry: labels and variables that the log's options choose. */
  readonly details: Attributes;
  readonly entries: AsyncIterable<LogEntry>;
  /** `entries`, once asked for the first, can be read to the end even if the container is removed. */
  readonly opened: Promise<void>;
}

/**
 * What the container wrote; followed, it ends with the container, or when the engine lets go of it.
 * @throws notFound, unsupported when the driver keeps nothing
 */
export function logs(
  context: Context,
  reference: string,
  options: ReadOptions,
  signal?: AbortSignal,
): ContainerLog {
  const record = context.store.get(reference);
  requireReadable(record.hostConfig.logConfig);
  const run = context.runs.get(record.id);
  const ended = run && hasProcess(record.state) ? run.ended : AbortSignal.abort();
  const { signal: closed } = context.closed;
  const stop = signal ? AbortSignal.any([signal, closed]) : closed;
  const opened = Promise.withResolvers<void>();
  return {
    tty: record.config.tty,
    details: logDetails(record.hostConfig.logConfig, logSource(record)),
    entries: readLogs(record.logPath, options, ended, stop, opened.resolve),
    opened: opened.promise,
  };
}
