import { type EntryType, TAR_END, type TarEntry, TarReader, tarHeader, tarPadding } from '#oci/tar';

export type Change = (entry: TarEntry) => Partial<Pick<TarEntry, 'path' | 'link' | 'mtime'>>;

/** The members of an archive, changed; without the end mark. */
export async function* rewriteMembers(
  tar: AsyncIterable<Uint8Array>,
  change: Change,
): AsyncGenerator<Uint8Array, void> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  const reader = new TarReader({
    entry(entry) {
      size = entry.type === 'file' ? entry.size : 0;
      pieces.push(headerOf({ ...entry, ...change(entry) }));
    },
    // The reader's buffer is its own.
    body: (chunk) => pieces.push(Buffer.from(chunk)),
    end: () => pieces.push(tarPadding(size)),
  });
  for await (const chunk of tar) {
    reader.push(chunk);
    yield* pieces.splice(0);
  }
  reader.close();
  yield* pieces.splice(0);
}

/** The same archive, its members changed. */
export async function* rewriteTar(
  tar: AsyncIterable<Uint8Array>,
  change: Change,
): AsyncGenerator<Uint8Array, void> {
  yield* rewriteMembers(tar, change);
  yield TAR_END;
}

function headerOf(entry: TarEntry): Buffer {
  const { path, mode, uid, gid, size, mtime, link, major, minor, xattrs } = entry;
  const type: EntryType = entry.type;
  return tarHeader({
    path: type === 'directory' && !path.endsWith('/') ? `${path}/` : path,
    type,
    mode,
    uid,
    gid,
    size: type === 'file' ? size : 0,
    mtime,
    link,
    major,
    minor,
    xattrs,
  });
}
