import { Readable, Writable } from 'node:stream';

/** A message of a stream of bytes. */
interface Piece {
  readonly data: Uint8Array;
}

/** Bytes that leave in one message. */
const PIECE = 2 ** 20;

export const readBytes = (messages: AsyncIterable<Piece>): Readable =>
  Readable.from(dataOf(messages), { objectMode: false, highWaterMark: PIECE });

async function* dataOf(messages: AsyncIterable<Piece>): AsyncGenerator<Uint8Array> {
  for await (const { data } of messages) if (data.length > 0) yield data;
}

export interface PieceSink {
  send(piece: Piece): Promise<void>;
  end(): void;
}

export const writeBytes = (sink: PieceSink): Writable =>
  new Writable({
    write: (chunk: Buffer, _, done) => {
      sendPieces(sink, chunk).then(() => done(), done);
    },
    final: (done) => {
      sink.end();
      done();
    },
  });

export async function sendPieces(sink: PieceSink, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length; at += PIECE) await sink.send({ data: chunk.subarray(at, at + PIECE) });
}
