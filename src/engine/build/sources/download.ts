import { createHash } from 'node:crypto';
import { mkdir, open, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { BerthError, cancelled, invalid, messageOf, notFound, unavailable } from '#lib/errors';
import { newId } from '#lib/ids';
import { Connector } from '#oci/remote';
import { fileNameOf } from '../plan/files.ts';
import type { BuildSession } from '../session.ts';
import type { Source } from '../step.ts';

/** Longest file that ADD downloads: 16 GiB. */
const LIMIT = 16 * 2 ** 30;

/**
 * Fetches a file for ADD into a directory of its own, which is returned: mode 0600, its time that of Last-Modified.
 * @throws notFound, unavailable, invalid when the checksum is another
 */
export async function download(
  { workspace, signal, fetchedDigests }: Pick<BuildSession, 'workspace' | 'signal' | 'fetchedDigests'>,
  { url, checksum }: Extract<Source, { kind: 'url' }>,
): Promise<string> {
  const directory = join(workspace, newId());
  await mkdir(directory, { recursive: true });
  const path = join(directory, fileNameOf(url));
  const response = await request(url, signal);
  const hash = createHash('sha256');
  await using file = await open(path, 'wx', 0o600);
  let size = 0;
  for await (const chunk of response.body) {
    hash.update(chunk);
    size += chunk.length;
    if (size > LIMIT) throw invalid(`${url} is larger than ${LIMIT} bytes`);
    await file.writeFile(chunk);
  }
  const digest = `sha256:${hash.digest('hex')}`;
  if (checksum !== undefined && checksum !== digest) {
    throw invalid(`digest mismatch for ${url}: expected ${checksum}, got ${digest}`);
  }
  fetchedDigests.set(url, digest);
  const time = response.modified ?? new Date(0);
  await utimes(path, time, time);
  return directory;
}

async function request(
  url: string,
  signal: AbortSignal,
): Promise<{ readonly body: AsyncIterable<Uint8Array>; readonly modified: Date | undefined }> {
  try {
    const { undici, agent } = await new Connector({ insecure: false }).for(new URL(url));
    const dispatcher = agent.compose(undici.interceptors.redirect({ maxRedirections: 10 }));
    const { statusCode, headers, body } = await undici.request(url, { signal, dispatcher });
    if (statusCode === 404) throw notFound(`${url}: not found (HTTP status 404)`);
    if (statusCode !== 200) throw unavailable(`${url}: the server answered with HTTP status ${statusCode}`);
    const modified =
      typeof headers['last-modified'] === 'string' ? new Date(headers['last-modified']) : undefined;
    return { body, modified: modified && Number.isNaN(modified.getTime()) ? undefined : modified };
  } catch (error) {
    if (signal.aborted) throw cancelled('the build was cancelled');
    if (error instanceof BerthError) throw error;
    throw unavailable(`cannot download ${url}: ${messageOf(error)}`, error);
  }
}
