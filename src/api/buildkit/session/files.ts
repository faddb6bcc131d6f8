import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { invalid } from '#lib/errors';
import { readMembers } from '#oci/tar';
import type { ClientSession } from './client-session.ts';
import { type FilesRequest, receiveFiles } from './receive-files.ts';

/** Of a Dockerfile and of a list of what to leave out. */
const SMALL = 16 * 2 ** 20;

/** Small files of a directory of the client, by their paths. @throws invalid */
export async function readFiles(
  session: ClientSession,
  directory: string,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for await (const { entry, body } of readMembers(receiveFiles(session, { directory, paths }, signal))) {
    const { path, type, size } = entry;
    if (type !== 'file') continue;
    if (size > SMALL) throw invalid(`${path} is too large: ${size} bytes, ${SMALL} are allowed`);
    files.set(path, await text(body));
  }
  return files;
}

/** A directory of the client as a stream. */
export const readTar = (session: ClientSession, request: FilesRequest, signal: AbortSignal): Readable =>
  Readable.from(receiveFiles(session, request, signal), { objectMode: false, highWaterMark: 1 << 20 });
