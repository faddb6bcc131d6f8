import type { FileHandle } from 'node:fs/promises';
import { invalid, systemError } from '#lib/errors';
import { readMembers, type TarEntry } from '#oci/tar';
import { FileSend, FileSync } from '#protocol/buildkit';
import { type GrpcStream, pathOf } from '../grpc/client.ts';
import type { ClientSession } from './client-session.ts';
import { packet } from './packet.ts';
import { OUTPUT } from './send-file.ts';
import { statOf } from './stat.ts';

/** Of a file that leave in one message. */
const PIECE = 256 * 1024;

type Stream = GrpcStream<(typeof FileSync)['method']['diffCopy']>;

/**
 * Brings what a tar holds to a directory of the client. Protocol of tonistiigi/fsutil (send.go): we list all there is,
 * parents first, and end the list with a packet without a file; the client asks for files by their place in the list,
 * and says when it has all.
 */
export async function sendDirectory(
  session: ClientSession,
  output: number,
  tar: FileHandle,
  signal: AbortSignal,
): Promise<void> {
  session.expect(FileSend.method.diffCopy, 'an output');
  const path = pathOf(FileSend.method.diffCopy);
  using stream = session.grpc.open(FileSync.method.diffCopy, { [OUTPUT]: String(output) }, signal, path);
  const entries = await listOf(tar);
  await Promise.all([list(stream, entries), serve(stream, entries, tar)]);
}

async function listOf(tar: FileHandle): Promise<TarEntry[]> {
  const entries: TarEntry[] = [];
  for await (const { entry } of readMembers(tar.createReadStream({ start: 0, autoClose: false }))) {
    const path = entry.path.replace(/^\.\/|\/$/g, '');
    if (path !== '' && path !== '.') entries.push({ ...entry, path });
  }
  return entries.sort((a, b) => order(a.path, b.path));
}

/** Component by component: what is in a directory follows it at once. */
const order = (a: string, b: string): number =>
  Buffer.compare(Buffer.from(a.replaceAll('/', '\0')), Buffer.from(b.replaceAll('/', '\0')));

async function list(stream: Stream, entries: readonly TarEntry[]): Promise<void> {
  for (const entry of entries) {
    if (stream.ended) return;
    await stream.send({ type: packet.stat, stat: statOf(entry) });
  }
  await stream.send({ type: packet.stat });
}

async function serve(stream: Stream, entries: readonly TarEntry[], tar: FileHandle): Promise<void> {
  for await (const { type, id, data } of stream) {
    switch (type) {
      case packet.request: {
        const entry = entries[id];
        if (entry?.type !== 'file') throw invalid(`the client asks for file ${id}, which there is not`);
        for await (const piece of contentOf(entry, tar))
          await stream.send({ type: packet.data, id, data: piece });
        await stream.send({ type: packet.data, id });
        break;
      }
      case packet.end:
        await stream.send({ type: packet.end });
        stream.end();
        break;
      case packet.error:
        throw systemError(`the client cannot write the output: ${Buffer.from(data).toString()}`);
      default:
        throw systemError(`the client sent packet ${type} while it was given files`);
    }
  }
}

async function* contentOf(entry: TarEntry, tar: FileHandle): AsyncGenerator<Buffer> {
  let [stored, written] = [entry.offset, 0];
  for (const { offset, length } of entry.segments ?? [{ offset: 0, length: entry.size }]) {
    yield* zeros(offset - written);
    yield* partOf(tar, stored, length);
    stored += length;
    written = offset + length;
  }
  yield* zeros(entry.fileSize - written);
}

function* zeros(count: number): Generator<Buffer> {
  for (let left = count; left > 0; left -= PIECE) yield Buffer.alloc(Math.min(left, PIECE));
}

async function* partOf(tar: FileHandle, start: number, length: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < length; ) {
    const wanted = Math.min(PIECE, length - at);
    const { bytesRead, buffer } = await tar.read(Buffer.allocUnsafe(wanted), 0, wanted, start + at);
    if (bytesRead === 0) throw systemError('an output was cut off');
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}
