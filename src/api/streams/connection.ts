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
 * A client that did not ask for an upgrade. Of one that sends its request's body in chunks they are the input, and the
 * output is an answer without a length. With any other the connection is both, once the request is through.
 */
export function hijackRequest(
  request: IncomingMessage,
  response: ServerResponse,
  contentType: string,
): Connection {
  if (request.headers['transfer-encoding'] === undefined) return takeOver(request, response, contentType);
  response.removeHeader('transfer-encoding');
  response.writeHead(200, { 'content-type': contentType, connection: 'close' });
  response.flushHeaders();
  return { input: request, output: response };
}

/**
 * Takes a connection from a server that does not know upgrades of this form: with its listeners go its parser, which
 * would take what comes now for another request, and its habit to hang up when the client has said all.
 */
function takeOver({ socket }: IncomingMessage, response: ServerResponse, contentType: string): Connection {
  const headers = carriedOver(response);
  response.detachSocket(socket);
  for (const event of ['data', 'end', 'error']) socket.removeAllListeners(event);
  const take = () => {};
  socket.on('error', take);
  // Whoever listens has the bytes from then on; this one leaves them where they are, until somebody reads.
  socket.on('data', take).off('data', take).pause();
  // Nobody else tells that the exchange is over.
  socket.once('close', () => response.emit('close'));
  socket.write(`HTTP/1.1 200 OK\r\nContent-Type: ${contentType}\r\nConnection: close\r\n${headers}\r\n`);
  return { input: socket, output: socket };
}

function carriedOver(response: ServerResponse): string {
  return Object.entries(response.getHeaders())
    .map(([name, value]) => `${name}: ${String(value)}\r\n`)
    .join('');
}

function detach(response: ServerResponse): void {
  if (response.socket) response.detachSocket(response.socket);
}
