import type { IncomingMessage } from 'node:http';
import { type Duplex, Readable } from 'node:stream';

/**
 * The body of a request that asks for an upgrade. Node 26 parses it like any other; before that it was
 * left among the raw bytes, of which it is the first `content-length` ones.
 */
export function upgradeBody(request: IncomingMessage, socket: Duplex): Readable {
  const length = Number(request.headers['content-length'] ?? 0);
  if (length === 0 || !request.complete || request.readableLength > 0) return request;
  return Readable.from(take(socket, length));
}

async function* take(socket: Duplex, length: number): AsyncGenerator<Buffer> {
  let left = length;
  while (left > 0) {
    const chunk = (socket.read(Math.min(left, socket.readableLength)) ?? undefined) as Buffer | undefined;
    if (chunk) {
      left -= chunk.length;
      yield chunk;
      continue;
    }
    if (socket.readableEnded || socket.destroyed) throw new Error('the request body was cut off');
    await new Promise<void>((resolve) => {
      const go = () => {
        socket.off('readable', go).off('end', go).off('close', go);
        resolve();
      };
      socket.on('readable', go).on('end', go).on('close', go);
    });
  }
}
