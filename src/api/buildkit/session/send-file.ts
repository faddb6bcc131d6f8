import type { Readable } from 'node:stream';
import { conflict } from '#lib/errors';
import { FileSend } from '#protocol/buildkit';
import { code, GrpcError } from '../grpc/errors.ts';
import { sendPieces } from './bytes.ts';
import type { ClientSession } from './client-session.ts';

/** Names the output of several that it is. */
export const OUTPUT = 'buildkit-attachable-exporter-id';

/** Brings an archive to the client, which writes it to where it wants its output of that number. @throws conflict */
export async function sendFile(
  session: ClientSession,
  output: number,
  content: Readable,
  signal: AbortSignal,
): Promise<void> {
  session.expect(FileSend.method.diffCopy, 'an output');
  using stream = session.grpc.open(FileSend.method.diffCopy, { [OUTPUT]: String(output) }, signal);
  for await (const chunk of content) {
    if (stream.ended) break;
    await sendPieces(stream, chunk);
  }
  stream.end();
  try {
    for await (const _ of stream);
  } catch (error) {
    if (error instanceof GrpcError && error.code === code.alreadyExists)
      throw conflict('the client does not take the output: its target is there already', error);
    throw error;
  }
}
