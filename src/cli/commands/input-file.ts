import { createReadStream, type ReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { Exit, fileError } from '../errors.ts';

/** A file to send, checked before anything goes out. @throws Exit */
export async function readable(path: string): Promise<ReadStream> {
  const found = await stat(path).catch((error: unknown) => {
    throw new Exit(1, `open ${path}: ${fileError(error)}`, { cause: error });
  });
  if (found.isDirectory()) throw new Exit(1, `open ${path}: is a directory`);
  return createReadStream(path, { highWaterMark: 256 * 1024 });
}

/** The whole of it; `-` is STDIN. @throws Exit */
export async function readFileOrStdin(file: string): Promise<Buffer> {
  try {
    // By its descriptor: a socket has no path that can be opened.
    if (file === '-') return Buffer.concat(await Array.fromAsync(createReadStream('', { fd: 0 })));
    return await readFile(file);
  } catch (error) {
    throw new Exit(1, `unable to read ${file}: ${fileError(error)}`);
  }
}
