import type { OutgoingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Exchange } from '../exchange.ts';

/**
 * Sends what a stream gives as the answer. A failure before its first byte gets a status of its own;
 * a later one cuts the connection, so that nobody takes half a file for a whole one.
 */
export async function sendFile(
  exchange: Exchange,
  content: Readable,
  contentType: string,
  headers: OutgoingHttpHeaders = {},
): Promise<void> {
  const stop = () => content.destroy();
  exchange.signal.addEventListener('abort', stop, { once: true });
  try {
    const chunks = content[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    let next = await chunks.next();
    const sink = exchange.stream(contentType, headers);
    for (; !next.done; next = await chunks.next()) await sink.write(next.value);
    sink.end();
  } finally {
    exchange.signal.removeEventListener('abort', stop);
    content.destroy();
  }
}
