import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex, Readable, Writable } from 'node:stream';

/** A connection that left HTTP behind: bytes both ways, each way closed for itself. */
export interface Connection {
  readonly input: Readable;
  readonly output: Writable;
}

/** Answers an upgrade. What the client sent behind its request is already back in `socket`. */
export function hijackUpgrade(
  response: ServerResponse,
  socket: Duplex,
  contentType: string,
  protocol = 'tcp',
): Connection {
  const headers = carriedOver(response);
  detach(response);
  socket.write(
    `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${contentType}\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n${headers}\r\n`,
  );
  return { input: socket, output: socket };
}

/**
 * A client that did not ask for an upgrade gets the output as an answer without a length;
 * the body of its request is the input.
 */
export function hijackRequest(
  request: IncomingMessage,
  response: ServerResponse,
  contentType: string,
): Connection {
  response.removeHeader('transfer-encoding');
  response.writeHead(200, { 'content-type': contentType, connection: 'close' });
  response.flushHeaders();
  return { input: request, output: response };
}

function carriedOver(response: ServerResponse): string {
  return Object.entries(response.getHeaders())
    .map(([name, value]) => `${name}: ${String(value)}\r\n`)
    .join('');
}

function detach(response: ServerResponse): void {
  if (response.socket) response.detachSocket(response.socket);
}
