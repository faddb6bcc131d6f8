import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Extract, extract, type Pack, pack } from 'tar-stream';
import { ConnectionError } from '#client';
import { isKind } from '#lib/errors';
import type { Context } from '../../context.ts';
import { Exit } from '../../errors.ts';
import { absolute, isDirectoryMode, resolveLink, statIn } from '../container/cp/container-path.ts';
import { feed } from '../container/cp/feed.ts';
import { adaptHeader } from './adapt-header.ts';
import type { CopySource, Placed } from './copy.ts';

/** Files of a container, or of an image by a working container that goes again. */
export async function openSource(
  context: Context,
  from: string,
): Promise<
  AsyncDisposable & {
    readonly container: string;
    /** @throws Exit for a path that is not there */
    find(paths: readonly string[]): Promise<CopySource[]>;
  }
> {
  const { containers, working } = context.client;
  const existing = await containers.inspect(from).catch((error: unknown) => {
    if (!isKind(error, 'not-found')) throw error;
    return undefined;
  });
  const container = existing?.Id ?? (await working.create({ from })).Id;
  return {
    container,
    async find(paths) {
      const sources: CopySource[] = [];
      for (const asked of paths) {
        const path = await resolveLink(context, { container, path: asked }).catch((error: unknown) => {
          if (isKind(error, 'not-found')) throw missing(asked, from, error);
          throw error;
        });
        const found = await statIn(context, container, absolute(path));
        if (!found) throw missing(asked, from);
        sources.push({ path: absolute(path), isDirectory: isDirectoryMode(found) });
      }
      return sources;
    },
    async [Symbol.asyncDispose]() {
      if (existing) return;
      // An upload that was refused may take its connection with it.
      await containers.remove(container).catch((error: unknown) => {
        if (error instanceof ConnectionError) return containers.remove(container);
        throw error;
      });
    },
  };
}

const missing = (path: string, from: string, cause?: unknown) =>
  new Exit(1, `cannot copy ${path}: there is no such file in ${from}`, { cause });

/** A tar of one path under another name, or of a directory's contents under none; that of `/` has no name to begin with. */
export async function* packFrom(
  { tar, from }: { readonly tar: AsyncIterable<Uint8Array>; readonly from: string },
  name: string,
  placed: Placed,
): AsyncGenerator<Uint8Array, void> {
  const [source, archive] = [extract(), pack()];
  const own = /^\/+\.?$/.test(from) ? 0 : 1;
  const renamed = (member: string) => [name, ...member.split('/').slice(own)].filter(Boolean).join('/');
  const directory = await mkdtemp(join(tmpdir(), 'berth-copy-'));
  try {
    // Not from one connection right into the other: whoever refuses a file would leave both ends waiting.
    const path = join(directory, 'files.tar');
    const kept = pipeline(archive as AsyncIterable<Uint8Array>, createWriteStream(path));
    await Promise.all([feed(tar, source), rename(source, archive, renamed, placed), kept]);
    for await (const chunk of createReadStream(path)) yield chunk as Uint8Array;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function rename(
  source: Extract,
  archive: Pack,
  renamed: (member: string) => string,
  placed: Placed,
): Promise<void> {
  for await (const entry of source) {
    const { header } = entry;
    const to = renamed(header.name.replace(/^\.?\/+/, ''));
    if (to === '') {
      entry.resume();
      continue;
    }
    const linkname = header.type === 'link' && header.linkname ? renamed(header.linkname) : header.linkname;
    const { pax: _names, ...plain } = header;
    const adapted = adaptHeader({ ...plain, name: to, linkname: linkname ?? null }, placed);
    const written = Promise.withResolvers<void>();
    const sink = archive.entry(adapted, (error) => (error ? written.reject(error) : written.resolve()));
    if (header.type === 'file' || header.type === 'contiguous-file') entry.pipe(sink);
    else entry.resume();
    await written.promise;
  }
  archive.finalize();
}
