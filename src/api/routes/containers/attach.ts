import type { Engine } from '#engine';
import { unsupported } from '#lib/errors';
import { mediaType } from '#protocol';
import { parseDetachKeys } from '../../detach-keys.ts';
import type { Exchange } from '../../exchange.ts';
import type { Router } from '../../router.ts';
import { relay } from '../../streams/relay.ts';

export function attachRoutes(router: Router, { containers }: Engine): void {
  router.post('/containers/{id}/attach', async (exchange) => {
    const { query, signal } = exchange;
    const detachKeys = parseDetachKeys(query.text('detachKeys'));
    const attachment = await containers.attach(exchange.param('id'), {
      stdin: query.flag('stdin'),
      stdout: query.flag('stdout'),
      stderr: query.flag('stderr'),
      logs: query.flag('logs'),
      stream: query.flag('stream'),
    });
    const connection = exchange.hijack(streamType(exchange, attachment.tty));
    await relay(connection, attachment, { detachKeys, signal });
  });

  router.get('/containers/{id}/attach/ws', () => {
    throw unsupported('attaching by WebSocket is not supported: use POST /containers/{id}/attach');
  });
}

/** Since 1.42 the type of content tells whether the streams are framed. */
export function streamType(exchange: Exchange, tty: boolean): string {
  return tty || !exchange.since('1.42') ? mediaType.rawStream : mediaType.multiplexedStream;
}
