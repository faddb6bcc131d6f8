import { duplexPair } from 'node:stream';
import { invalid } from '#lib/errors';
import { header } from '#protocol';
import type { Call } from '../grpc/server.ts';
import { readBytes } from '../session/bytes.ts';
import { ClientSession, type ClientSessions } from '../session/client-session.ts';

interface Piece {
  readonly data: Uint8Array;
}

/** A session whose connection goes through a call, as clients open it that know no `POST /session`. @throws invalid */
export async function* tunnel(
  sessions: ClientSessions,
  requests: AsyncIterable<Piece>,
  call: Call,
): AsyncGenerator<Piece> {
  const id = call.metadata(header.sessionId);
  if (!id) throw invalid(`a session needs an id: the metadata ${header.sessionId}`);
  const methods = new Set(call.metadata(header.sessionMethod)?.split(/,\s*/));
  const [connection, wire] = duplexPair();
  sessions.add(id, () => new ClientSession(methods, connection));
  const close = () => connection.destroy();
  call.signal.addEventListener('abort', close, { once: true });
  const incoming = readBytes(requests);
  incoming.on('error', close);
  incoming.pipe(wire);
  try {
    for await (const data of wire) yield { data };
  } finally {
    close();
  }
}
