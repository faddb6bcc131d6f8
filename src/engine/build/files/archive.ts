import { invalid } from '#lib/errors';
import { cleanPath, decompress, type Owner, type TarEntry, TarReader, tarPadding } from '#oci/layer';
import { headerOf } from './pack.ts';
import { childPath } from './tree.ts';

/** Whether a file is an archive that ADD unpacks: by what is in it, not by its name. */
export async function isArchive(content: AsyncIterable<Uint8Array>): Promise<boolean> {
  try {
    let read = Buffer.alloc(0);
    for await (const chunk of decompress(content)) {
      read = Buffer.concat([read, chunk]);
      if (read.length >= 512) break;
    }
    return read.length >= 512 && isTarHeader(read.subarray(0, 512));
  } catch {
    // What cannot be read as an archive is a file like any other.
    return false;
  }
}

/** The checksum of a header is the sum of its bytes, its own field taken as spaces (pax(1), ustar). */
function isTarHeader(block: Buffer): boolean {
  const written = Number.parseInt(block.subarray(148, 156).toString('latin1').replace(/\0.*/s, '').trim(), 8);
  const sum = block.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0);
  return written === sum && sum > 256;
}

/** The members of an archive as members of a layer, below a directory. */
export async function* repack(
  content: AsyncIterable<Uint8Array>,
  directory: string,
  owner: Owner | undefined,
): AsyncGenerator<Buffer, void> {
  const pieces: Buffer[] = [];
  let size = 0;
  const reader = new TarReader({
    entry(entry) {
      size = entry.type === 'file' ? entry.size : 0;
      pieces.push(memberHeader(entry, directory, owner));
    },
    // The reader's buffer is its own.
    body: (chunk) => pieces.push(Buffer.from(chunk)),
    end: () => pieces.push(tarPadding(size)),
  });
  for await (const chunk of decompress(content)) {
    reader.push(chunk);
    yield* pieces.splice(0);
  }
  reader.close();
  yield* pieces.splice(0);
}

function memberHeader(entry: TarEntry, directory: string, owner: Owner | undefined): Buffer {
  if (entry.segments) throw invalid(`the archive has a sparse file, ${entry.path}: ADD cannot unpack it`);
  const place = (name: string) => childPath(directory, cleanPath(name, 'archive entry')).replace(/\/$/, '');
  const { type, link, path, ...rest } = entry;
  return headerOf(
    place(path),
    {
      ...rest,
      ...owner,
      type: type === 'link' ? 'file' : type,
      link: type === 'link' ? place(link) : link,
    },
    type === 'link' ? 'link' : undefined,
  );
}
