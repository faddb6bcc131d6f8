import type { Engine } from '#engine';
import { mediaType } from '#protocol';
import { parseDetachKeys } from '../../detach-keys.ts';
import type { Exchange } from '../../exchange.ts';
import type { Router } from '../../router.ts';
import { relay } from '../../streams/relay.ts';

export function attachRoutes(router: Router, { containers }: Engine): void {
  const attach = (exchange: Exchange, wants: (stream: 'stdin' | 'stdout' | 'stderr') => boolean) =>
    containers.attach(exchange.param('id'), {
      stdin: wants('stdin'),
      stdout: wants('stdout'),
      stderr: wants('stderr'),
      logs: exchange.query.flag('logs'),
      stream: exchange.query.flag('stream'),
    });

  router.post('/containers/{id}/attach', async (exchange) => {
    const { query, signal } = exchange;
    const detachKeys = parseDetachKeys(query.text('detachKeys'));
    const attachment = await attach(exchange, (stream) => query.flag(stream));
    const framed = !attachment.tty;
    const connection = exchange.hijack(streamType(exchange, framed));
    if (await relay(connection, attachment, { framed, detachKeys, signal })) attachment.noteDetach();
  });

  router.get('/containers/{id}/attach/ws', async (exchange) => {
    const { query, signal } = exchange;
    const detachKeys = parseDetachKeys(query.text('detachKeys'));
    exchange.expectWebSocket();
    // Before 1.42 what a client asked for was not looked at.
    const attachment = await attach(exchange, (stream) => !exchange.since('1.42') || query.flag(stream));
    const connection = await exchange.webSocket({ binary: exchange.since('1.28') });
    const detached = await relay(connection, attachment, { framed: false, detachKeys, signal });
    if (detached) attachment.noteDetach();
  });
}

/** Since 1.42 the type of content tells whether the streams are framed. */
export function streamType(exchange: Exchange, framed: boolean): string {
  return framed && exchange.since('1.42') ? mediaType.multiplexedStream : mediaType.rawStream;
}
