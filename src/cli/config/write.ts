import { mkdir, readFile, realpath, rename, writeFile } from 'node:fs/promises';
import { codeOf } from '#lib/errors';
import type { StoredAuth } from './file.ts';

type Document = Record<string, unknown> & { auths?: Record<string, StoredAuth> };

/** Changes config.json and leaves everything in it that is not known here. The new file is whole or not there at all. */
export async function updateConfigFile(directory: string, change: (config: Document) => void): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = await resolved(`${directory}/config.json`);
  const config = await read(path);
  change(config);
  const partial = `${path}.${process.pid}`;
  await writeFile(partial, `${JSON.stringify(config, null, '\t')}\n`, { mode: 0o600 });
  await rename(partial, path);
}

/** A link to a file kept elsewhere stays a link. */
async function resolved(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

async function read(path: string): Promise<Document> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Document;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return {};
    throw error;
  }
}
