import { Readable } from 'node:stream';
import { invalid } from '#lib/errors';
import { TarReader } from '#oci/layer';
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
  let parts: Uint8Array[] = [];
  let path = '';
  const reader = new TarReader({
    entry(entry) {
      if (entry.type === 'file' && entry.size > SMALL)
        throw invalid(`${entry.path} is too large: ${entry.size} bytes, ${SMALL} are allowed`);
      path = entry.type === 'file' ? entry.path : '';
      parts = [];
    },
    body: (chunk) => void parts.push(Uint8Array.from(chunk)),
    end: () => void (path !== '' && files.set(path, Buffer.concat(parts).toString())),
  });
  for await (const chunk of receiveFiles(session, { directory, paths }, signal)) reader.push(chunk);
  reader.close();
  return files;
}

/** A directory of the client as a stream. */
export const readTar = (session: ClientSession, request: FilesRequest, signal: AbortSignal): Readable =>
  Readable.from(receiveFiles(session, request, signal), { objectMode: false, highWaterMark: 1 << 20 });
