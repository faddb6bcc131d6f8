import {
  cleanPath,
  decompress,
  type Owner,
  type Segment,
  SparseCursor,
  type TarEntry,
  TarReader,
  tarPadding,
} from '#oci/layer';
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
  const pieces: Piece[] = [];
  let size = 0;
  let sparse: SparseContent | undefined;
  const reader = new TarReader({
    entry(entry) {
      size = entry.type === 'file' ? entry.fileSize : 0;
      sparse = entry.segments && new SparseContent(entry.segments, size);
      pieces.push(memberHeader(entry, directory, owner));
    },
    // The reader's buffer is its own.
    body: (chunk) => pieces.push(...(sparse ? sparse.take(Buffer.from(chunk)) : [Buffer.from(chunk)])),
    end: () => pieces.push(...(sparse?.rest() ?? []), tarPadding(size)),
  });
  for await (const chunk of decompress(content)) {
    reader.push(chunk);
    yield* written(pieces.splice(0));
  }
  reader.close();
  yield* written(pieces.splice(0));
}

/** Bytes, or how many zeros. */
type Piece = Buffer | number;

const ZEROS = Buffer.alloc(1 << 18);

function* written(pieces: readonly Piece[]): Generator<Buffer, void> {
  for (const piece of pieces) {
    if (typeof piece !== 'number') yield piece;
    else
      for (let left = piece; left > 0; left -= ZEROS.length)
        yield ZEROS.subarray(0, Math.min(left, ZEROS.length));
  }
}

/** Puts the holes back between the stored bytes of a sparse file: layers have none. */
class SparseContent {
  readonly #cursor: SparseCursor;
  readonly #size: number;
  /** How far the file is written. */
  #at = 0;

  constructor(segments: readonly Segment[], size: number) {
    this.#cursor = new SparseCursor(segments);
    this.#size = size;
  }

  take(stored: Buffer): Piece[] {
    const pieces: Piece[] = [];
    this.#cursor.place(stored, (part, position) => {
      pieces.push(position - this.#at, part);
      this.#at = position + part.length;
    });
    return pieces;
  }

  rest(): Piece[] {
    return [this.#size - this.#at];
  }
}

function memberHeader(entry: TarEntry, directory: string, owner: Owner | undefined): Buffer {
  const place = (name: string) => childPath(directory, cleanPath(name, 'archive entry')).replace(/\/$/, '');
  const { type, link, path, fileSize, ...rest } = entry;
  return headerOf(
    place(path),
    {
      ...rest,
      size: fileSize,
      ...owner,
      type: type === 'link' ? 'file' : type,
      link: type === 'link' ? place(link) : link,
    },
    type === 'link' ? 'link' : undefined,
  );
}
