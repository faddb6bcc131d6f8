import { readLogs, requireReadable } from '#engine/logs';
import { conflict } from '#lib/errors';
import { nowNano } from '#lib/time';
import { AttachClient, type Attachment, type AttachRequest } from './attach-client.ts';
import type { Context } from './context.ts';
import type { ContainerRecord } from './record.ts';
import { hasProcess } from './state.ts';

/**
 * Connects a client to the container's stdio. Before the start it is kept, so that its output begins with the first byte.
 * @throws notFound, conflict when the container is paused or between two runs
 */
export async function attach(
  context: Context,
  reference: string,
  request: AttachRequest,
): Promise<Attachment> {
  const record = context.store.get(reference);
  const { status } = record.state;
  if (status === 'paused') {
    throw conflict(`container ${record.id} is paused, unpause the container before attach`);
  }
  if (status === 'restarting') {
    throw conflict(`container ${record.id} is restarting, wait until the container is running`);
  }
  const noteDetach = () => context.store.announce(record, { action: 'detach' });
  const client = new AttachClient(request, record.config.tty, record.config.openStdin, noteDetach);
  if (request.logs) replayLogs(record, request, client);
  if (request.stream) join(context, record, client);
  else if (!request.logs) client.finish();
  context.store.announce(record, { action: 'attach' });
  return client;
}

function join(context: Context, record: ContainerRecord, client: AttachClient): void {
  if (hasProcess(record.state)) {
    client.connect(context.options.runtimes.attach(record.id, { stdin: client.hasStdin }));
    return;
  }
  const early = context.earlyClients.get(record.id) ?? new Set();
  context.earlyClients.set(record.id, early.add(client));
  client.output.once('close', () => {
    early.delete(client);
    if (early.size === 0 && context.earlyClients.get(record.id) === early) {
      context.earlyClients.delete(record.id);
    }
  });
}

/** Couples the clients that came before the start. Called between create and start. */
export function connectEarlyClients(context: Context, id: string): void {
  for (const client of takeEarlyClients(context, id)) {
    client.connect(context.options.runtimes.attach(id, { stdin: client.hasStdin }));
  }
}

/** The start failed or the container goes away: nothing will ever come. */
export function dismissEarlyClients(context: Context, id: string): void {
  for (const client of takeEarlyClients(context, id)) client.finish();
}

function takeEarlyClients(context: Context, id: string): Iterable<AttachClient> {
  const early = context.earlyClients.get(id);
  context.earlyClients.delete(id);
  return early ?? [];
}

function replayLogs(record: ContainerRecord, request: AttachRequest, client: AttachClient): void {
  requireReadable(record.hostConfig.logConfig);
  const { stdout, stderr, stream } = request;
  const entries = readLogs(
    record.logPath,
    // What is written from now on comes by the stream.
    { stdout, stderr, ...(stream && { until: nowNano() }) },
    AbortSignal.abort(),
    new AbortController().signal,
  );
  const done = client.replay(entries);
  if (!stream) {
    void done.then(
      () => client.finish(),
      () => client.finish(),
    );
  }
}
