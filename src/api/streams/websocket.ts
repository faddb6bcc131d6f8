import type { IncomingMessage } from 'node:http';
import { type Duplex, Readable, Writable } from 'node:stream';
import type { WebSocket } from 'ws';
import { invalid } from '#lib/errors';
import type { Connection } from './connection.ts';

/** What a program is typed in one message at most. */
const LARGEST_MESSAGE = 1024 * 1024;
const MAX_WAITING_INPUT = 4;

/** True for a request that asks for a WebSocket (RFC 6455); whether it does so rightly is checked later. */
export const asksForWebSocket = ({ headers }: IncomingMessage): boolean =>
  headers.upgrade?.toLowerCase() === 'websocket' && headers['sec-websocket-key'] !== undefined;

/**
 * Answers the handshake. Output leaves as binary messages, or as text for clients of old that expect it;
 * the client's closing ends the input, as the end of the output closes the connection.
 * @throws invalid when the handshake is none
 */
export async function webSocketConnection(
  request: IncomingMessage,
  socket: Duplex,
  { binary }: { readonly binary: boolean },
): Promise<Connection> {
  const { WebSocketServer } = await import('ws');
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: LARGEST_MESSAGE,
    perMessageDeflate: false,
  });
  const { promise, resolve, reject } = Promise.withResolvers<WebSocket>();
  server.once('wsClientError', (error) =>
    reject(invalid(`invalid WebSocket handshake: ${error.message}`, error)),
  );
  server.handleUpgrade(request, socket, Buffer.alloc(0), resolve);
  const client = await promise;
  // A message that breaks the protocol closes the connection, which is all there is to do about it.
  client.on('error', () => {});
  return { input: inputOf(client), output: outputOf(client, binary) };
}

function inputOf(client: WebSocket): Readable {
  let waiting = 0;
  const input = new Readable({
    read() {
      waiting = 0;
      client.resume();
    },
  });
  client.on('message', (data: Buffer) => {
    // No more is read from a client that types faster than the program reads.
    if (!input.push(data) && ++waiting >= MAX_WAITING_INPUT) client.pause();
  });
  client.once('close', () => input.push(null));
  return input;
}

function outputOf(client: WebSocket, binary: boolean): Writable {
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      // Who has gone needs no bytes.
      client.send(chunk, { binary }, () => done());
    },
    final(done) {
      client.close(1000);
      done();
    },
    destroy(error, done) {
      client.terminate();
      done(error);
    },
  });
  client.once('close', () => output.destroy());
  output.on('error', () => {});
  return output;
}
