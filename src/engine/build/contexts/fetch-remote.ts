import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { invalid } from '#lib/errors';
import { threadStream } from '#lib/thread-stream';
import { TAR_END } from '#oci/layer';
import { isArchive } from '../files/archive.ts';
import type { PackInput } from '../files/pack-thread.ts';
import { TarTree } from '../files/tar-tree.ts';
import { fileNameOf, isGit } from '../plan/files.ts';
import type { BuildSession } from '../session.ts';
import { download } from '../sources/download.ts';
import { cloneRepository } from '../sources/git.ts';
import { receiveTar } from './receive.ts';

const packThread = new URL('../files/pack-thread.ts', import.meta.url);
const DOCKERFILE_LIMIT = 16 * 2 ** 20;

export type RemoteSession = Pick<BuildSession, 'workspace' | 'signal' | 'selectThread' | 'fetchedDigests'>;

/** A context from somewhere else; a Dockerfile alone is `dockerfile`. @throws notFound, unavailable, invalid */
export async function fetchRemote(
  session: RemoteSession,
  url: string,
  keepGitDir: boolean,
): Promise<{ readonly tree: TarTree; readonly dockerfile: string | undefined }> {
  if (isGit(url)) {
    const directory = await cloneRepository(session, { url, keepGitDir, checksum: undefined });
    return { tree: await receiveTar(session, packDirectory(session, directory)), dockerfile: undefined };
  }
  if (!/^https?:\/\//.test(url)) throw invalid(`remote context ${url}: it must be a git or http(s) address`);
  const directory = await download(session, { kind: 'url', url, checksum: undefined });
  const path = join(directory, fileNameOf(url));
  const open = () => createReadStream(path, { highWaterMark: 1 << 18 });
  if (await isArchive(open())) return { tree: await receiveTar(session, open()), dockerfile: undefined };
  const { size } = await stat(path);
  if (size > DOCKERFILE_LIMIT) throw invalid(`${url} is neither an archive nor a Dockerfile`);
  return { tree: new TarTree('', new Map()), dockerfile: await readFile(path, 'utf8') };
}

/** A directory in which nothing changes any more, as a tar. */
export async function* packDirectory(
  { selectThread }: Pick<BuildSession, 'selectThread'>,
  root: string,
): AsyncGenerator<Uint8Array, void> {
  const request = { sources: ['/'], excludes: [], parents: false, owners: false };
  const { roots } = await selectThread.call('select', root, request);
  const entries = roots.flatMap((each) => each.entries.filter(({ path }) => path !== ''));
  yield* threadStream<PackInput>(packThread, { root, entries });
  yield TAR_END;
}
