import { type LogEntry, type ReadOptions, readLogs, requireReadable } from '#engine/logs';
import type { Context } from './context.ts';
import { hasProcess } from './state.ts';

/**
 * What the container wrote; followed, it ends with the container, or when the engine lets go of it.
 * @throws notFound, unsupported when the driver keeps nothing
 */
export function logs(
  context: Context,
  reference: string,
  options: ReadOptions,
  signal?: AbortSignal,
): { tty: boolean; entries: AsyncIterable<LogEntry> } {
  const record = context.store.get(reference);
  requireReadable(record.hostConfig.logConfig);
  const run = context.runs.get(record.id);
  const ended = run && hasProcess(record.state) ? run.ended : AbortSignal.abort();
  const { signal: closed } = context.closed;
  const stop = signal ? AbortSignal.any([signal, closed]) : closed;
  return { tty: record.config.tty, entries: readLogs(record.logPath, options, ended, stop) };
}
