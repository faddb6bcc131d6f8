import { createWriteStream } from 'node:fs';
import { lstat, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { finished } from 'node:stream/promises';
import { codeOf } from '#lib/errors';
import type { Context } from '../context.ts';
import { Exit, fileError } from '../errors.ts';
import { isTerminal } from '../terminal/terminal.ts';

/** Writes a tar to `path`, or to stdout when it is ''. The file appears only when it is whole. */
export async function writeArchive(
  { out }: Pick<Context, 'out'>,
  path: string,
  open: () => Promise<AsyncIterable<Uint8Array>>,
): Promise<void> {
  if (path === '') {
    if (await isTerminal(1)) {
      throw new Exit(1, 'cowardly refusing to save to a terminal. Use the -o flag or redirect');
    }
    for await (const chunk of await open()) out.write(chunk);
    return;
  }
  if (await isSpecial(path)) return copy(await open(), path);
  const partial = `${path}.${process.pid}.part`;
  try {
    await copy(await open(), partial);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

const badPath = (path: string, error: unknown) =>
  new Exit(1, `invalid output path: ${path}: ${fileError(error)}`, { cause: error });

/** A device or a pipe is written to, never replaced. @throws Exit when the file could not be made */
async function isSpecial(path: string): Promise<boolean> {
  const found = await lstat(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw badPath(path, error);
  });
  if (found?.isDirectory()) throw new Exit(1, `invalid output path: ${path} is a directory`);
  await stat(dirname(path)).catch((error: unknown) => {
    throw badPath(dirname(path), error);
  });
  return found !== undefined && !found.isFile();
}

async function copy(body: AsyncIterable<Uint8Array>, path: string): Promise<void> {
  // An archive may hold secrets of the image: only its owner reads it.
  const file = createWriteStream(path, { mode: 0o600 });
  const written = finished(file).catch((error: unknown) => {
    throw badPath(path, error);
  });
  written.catch(() => {});
  for await (const chunk of body) {
    if (file.destroyed) break;
    const drained = () => new Promise<void>((resolve) => file.once('drain', resolve));
    if (!file.write(chunk)) await Promise.race([drained(), written]);
  }
  file.end();
  await written;
}
