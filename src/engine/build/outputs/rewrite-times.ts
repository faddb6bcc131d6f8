import type { BuiltLayer } from '#engine/images';
import { type EntryType, TAR_END, type TarEntry, TarReader, tarHeader, tarPadding } from '#oci/tar';
import type { BuildSession } from '../session.ts';

/** New layers whose files are not newer than that. Those of the base image stay as they are. */
export async function rewriteTimes(
  { images, work, signal }: BuildSession,
  base: readonly BuiltLayer[],
  layers: readonly BuiltLayer[],
  latest: Date,
): Promise<BuiltLayer[]> {
  const rewritten = [...base];
  for (const layer of layers.slice(base.length)) {
    const tar = clampTar(images.readLayer(layer, signal), BigInt(latest.getTime()) * 1_000_000n);
    const added = await images.addLayer(work, rewritten, tar, signal);
    if (added) rewritten.push(added);
  }
  return rewritten;
}

/** The same archive with no time after `latest` (nanoseconds). */
export async function* clampTar(
  tar: AsyncIterable<Uint8Array>,
  latest: bigint,
): AsyncGenerator<Uint8Array, void> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  const reader = new TarReader({
    entry(entry) {
      size = entry.type === 'file' ? entry.size : 0;
      pieces.push(headerOf(entry, latest));
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
  yield TAR_END;
}

function headerOf(entry: TarEntry, latest: bigint): Buffer {
  const { path, mode, uid, gid, size, mtime, link, major, minor, xattrs } = entry;
  const type: EntryType = entry.type;
  return tarHeader({
    path: type === 'directory' && !path.endsWith('/') ? `${path}/` : path,
    type,
    mode,
    uid,
    gid,
    size: type === 'file' ? size : 0,
    mtime: mtime > latest ? latest : mtime,
    link,
    major,
    minor,
    xattrs,
  });
}
