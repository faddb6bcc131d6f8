import { createWriteStream } from 'node:fs';
import { lstat, rename, rm } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import type { Body } from '#client';
import { codeOf } from '#lib/errors';
import type { Context } from '../context.ts';
import { Exit, fileError } from '../errors.ts';
import { isTerminal } from '../terminal/terminal.ts';

/** Writes a tar to `path`, or to stdout when it is ''. The file appears only when it is whole. */
export async function writeArchive({ out }: Context, path: string, open: () => Promise<Body>): Promise<void> {
  if (path === '') {
    if (await isTerminal(1))
      throw new Exit(1, 'cowardly refusing to save to a terminal. Use the -o flag or redirect');
    for await (const chunk of await open()) out.write(chunk);
    return;
  }
  if (await isSpecial(path)) {
    await copy(await open(), path);
    return;
  }
  const partial = `${path}.${process.pid}.part`;
  try {
    await copy(await open(), partial);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** A device or a pipe is written to, never replaced. @throws Exit when it is a directory or its directory is missing */
async function isSpecial(path: string): Promise<boolean> {
  try {
    const stat = await lstat(path);
    if (stat.isDirectory()) throw new Exit(1, `invalid output path: ${path} is a directory`);
    return !stat.isFile();
  } catch (error) {
    if (error instanceof Exit) throw error;
    if (codeOf(error) === 'ENOENT') return false;
    throw new Exit(1, `invalid output path: ${path}: ${fileError(error)}`, { cause: error });
  }
}

async function copy(body: Body, path: string): Promise<void> {
  // An archive may hold secrets of the image: only its owner reads it.
  const file = createWriteStream(path, { mode: 0o600 });
  const written = finished(file).catch((error: unknown) => {
    body.cancel();
    throw new Exit(1, `invalid output path: ${path}: ${fileError(error)}`, { cause: error });
  });
  written.catch(() => {});
  for await (const chunk of body) {
    if (!file.write(chunk))
      await Promise.race([new Promise((resolve) => file.once('drain', resolve)), written]);
  }
  file.end();
  await written;
}
