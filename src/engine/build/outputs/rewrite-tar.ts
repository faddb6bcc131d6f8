import { createHash, type Hash } from 'node:crypto';
import { type EntryType, TAR_END, type TarEntry, TarReader, tarHeader, tarPadding } from '#oci/tar';

export type Change = (entry: TarEntry) => Partial<Pick<TarEntry, 'path' | 'link' | 'mtime'>>;

/** The members of an archive, changed; without the end mark. `onFile` is told each file's SHA-256 in hex. */
export async function* rewriteMembers(
  tar: AsyncIterable<Uint8Array>,
  change: Change,
  onFile?: (path: string, sha256: string) => void,
): AsyncGenerator<Uint8Array, void> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  let file: { readonly path: string; readonly hash: Hash } | undefined;
  const reader = new TarReader({
    entry(entry) {
      size = entry.type === 'file' ? entry.size : 0;
      pieces.push(headerOf({ ...entry, ...change(entry) }));
      if (onFile && entry.type === 'file') file = { path: entry.path, hash: createHash('sha256') };
    },
    body(chunk) {
      file?.hash.update(chunk);
      // The reader's buffer is its own.
      pieces.push(Buffer.from(chunk));
    },
    end() {
      pieces.push(tarPadding(size));
      if (file) onFile?.(file.path, file.hash.digest('hex'));
      file = undefined;
    },
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
