import type { Engine } from '#engine';
import type { ExecConfig, ExecSessionView } from '#engine/containers';
import { invalid, messageOf } from '#lib/errors';
import { type ExecCreateRequest, execCreateRequest, execStartRequest } from '#protocol';
import { DEFAULT_DETACH_KEYS, parseDetachKeys } from '../detach-keys.ts';
import { execInspect } from '../encode/exec.ts';
import type { Exchange } from '../exchange.ts';
import type { Router } from '../router.ts';
import { endWithMessage, relay } from '../streams/relay.ts';
import { streamType } from './containers/attach.ts';
import { terminalSize } from './containers/lifecycle.ts';

export function execRoutes(router: Router, { containers }: Engine): void {
  router.post('/containers/{id}/exec', async (exchange) => {
    const wire = await exchange.read(execCreateRequest);
    const config = execConfig(exchange.since('1.42') ? wire : { ...wire, ConsoleSize: undefined });
    exchange.json({ Id: await containers.createExec(exchange.param('id'), config) }, 201);
  });

  router.post('/exec/{id}/start', async (exchange) => {
    const id = exchange.param('id');
    const { Detach = false, Tty = false, ConsoleSize } = await exchange.read(execStartRequest);
    const { config } = containers.getExec(id);
    containers.requireStartableExec(id);
    const size = Tty && exchange.since('1.42') ? consoleSize(ConsoleSize) : undefined;
    const start = () =>
      containers.startExec(id, { detach: Detach, tty: config.tty, ...(size && { consoleSize: size }) });
    if (Detach) {
      await start();
      exchange.empty(200);
    } else {
      await converse(exchange, config, { framed: !Tty, start });
    }
  });

  router.post('/exec/{id}/resize', async (exchange) => {
    const { rows, columns } = terminalSize(exchange);
    await containers.resizeExec(exchange.param('id'), rows, columns);
    exchange.empty(200);
  });

  router.get('/exec/{id}/json', (exchange) => {
    const record = containers.getExec(exchange.param('id'));
    exchange.json(execInspect(record));
  });
}

async function converse(
  exchange: Exchange,
  config: ExecConfig,
  { framed, start }: { readonly framed: boolean; readonly start: () => Promise<ExecSessionView | undefined> },
): Promise<void> {
  // Before the process starts: docker-py loses the output that reaches it together with the headers.
  const connection = exchange.hijack(streamType(exchange, framed));
  let session: ExecSessionView | undefined;
  try {
    session = await start();
  } catch (error) {
    // Clients show what the stream says and take the exit code from inspect: 126 or 127.
    endWithMessage(connection, messageOf(error), framed);
    return;
  }
  if (!session) {
    connection.output.end();
    return;
  }
  const detachKeys = config.detachKeys ? parseDetachKeys(config.detachKeys) : DEFAULT_DETACH_KEYS;
  const options = { framed, detachKeys, signal: exchange.signal, ended: session.exited };
  if (await relay(connection, session, options)) session.noteDetach();
}

/** @throws invalid */
function execConfig(wire: ExecCreateRequest): ExecConfig {
  const cmd = wire.Cmd ?? [];
  if (cmd.length === 0) throw invalid('No exec command specified');
  if (wire.DetachKeys) parseDetachKeys(wire.DetachKeys);
  const size = consoleSize(wire.ConsoleSize);
  return {
    cmd,
    tty: wire.Tty ?? false,
    attachStdin: wire.AttachStdin ?? false,
    attachStdout: wire.AttachStdout ?? false,
    attachStderr: wire.AttachStderr ?? false,
    env: wire.Env ?? [],
    workingDir: wire.WorkingDir ?? '',
    user: wire.User ?? '',
    privileged: wire.Privileged ?? false,
    ...(wire.DetachKeys && { detachKeys: wire.DetachKeys }),
    ...(size && { consoleSize: size }),
  };
}

/** Rows and columns, when both are told. */
function consoleSize(wire: readonly number[] | undefined): readonly [number, number] | undefined {
  const [rows = 0, columns = 0] = wire ?? [];
  return rows > 0 && columns > 0 ? [rows, columns] : undefined;
}
