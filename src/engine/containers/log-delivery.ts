import { isForwarded, type LogSource } from '#engine/logs';
import { NEVER } from '#lib/time';
import type { Context } from './context.ts';
import type { ContainerRecord } from './record.ts';
import type { Run } from './run.ts';

/** What a log driver may say about a container. */
export const logSource = ({
  id,
  name,
  created,
  imageId,
  config,
  path,
  args,
}: ContainerRecord): LogSource => ({
  id,
  name,
  created,
  imageId,
  imageName: config.image,
  command: [path, ...args],
  env: config.env,
  labels: config.labels,
});

/** A start by a user tells at once that the log's receiver is away; one by policy waits for it. @throws system */
export async function probeLogReceiver({ options }: Context, record: ContainerRecord): Promise<void> {
  const { logConfig } = record.hostConfig;
  if (isForwarded(logConfig)) await options.forwarding.probe(logConfig, logSource(record));
}

/** Keeps the log's files within their limits, and delivers what is written to whom the driver names. */
export function tendLog(context: Context, record: ContainerRecord, run: Run): void {
  const { rotation, runtimes, forwarding } = context.options;
  const { id, logPath: path } = record;
  const { logConfig: config } = record.hostConfig;
  if (config.driver === 'none') return;
  deliverLog(context, record, run.ended);
  const control = runtimes.controlFifo(id);
  rotation.add(id, { path, control, config, delivery: forwarding.of(id) });
  run.defer('end log rotation', () => rotation.remove(id));
}

/** What was not delivered when the last engine ended, of containers that have ended meanwhile. */
export function deliverRemainingLogs(context: Context, alive: ReadonlySet<string>): void {
  for (const record of context.store.all())
    if (!alive.has(record.id) && record.state.startedAt !== NEVER)
      deliverLog(context, record, AbortSignal.abort());
}

function deliverLog({ options }: Context, record: ContainerRecord, ended: AbortSignal): void {
  const { id, logPath: path } = record;
  const { logConfig: config } = record.hostConfig;
  if (isForwarded(config)) options.forwarding.add({ id, path, config, source: logSource(record) }, ended);
}
