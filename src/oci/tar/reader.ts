import { invalid } from '#lib/errors';
import type { Segment, TarEntry } from './entry.ts';
import { ExtendedHeaders } from './extended-headers.ts';
import { type RawHeader, readHeader, readText, typeOf } from './header.ts';
import { readNumber, secondsToNanoseconds } from './numbers.ts';
import { checkSegments, readOldPairs, readPaxMap, SparseMapReader } from './sparse.ts';

const BLOCK = 512;
/** Most bytes of one extended header or GNU long name; Go's reader has the same limit. */
const MAX_EXTENSION = 1024 * 1024;

export interface TarSink {
  entry(entry: TarEntry): void;
  /** The stored bytes of the entry announced last, in order. The buffer is reused: copy to keep. */
  body(chunk: Buffer): void;
  /** The entry's body is complete. Called for every entry. */
  end(): void;
  /** What fills the body's last block. Only asked for by those who care. */
  padding?(chunk: Buffer): void;
}

/** What the next bytes are. */
type State = 'header' | 'extension' | 'sparse-block' | 'sparse-map' | 'body' | 'padding' | 'done';

interface Pending extends Omit<TarEntry, 'offset' | 'segments' | 'size'> {
  size: number;
  readonly segments: Segment[] | undefined;
}

/**
 * Reads tar (v7, ustar, GNU with long names and sparse files, PAX with xattrs) from pieces of any size.
 * Push-style and synchronous, so that it runs in a worker that has given up its event loop.
 *
 * Global PAX headers are checked and otherwise ignored, as Docker's reader does: two readers that
 * disagree about names would let an archive look different to a scanner and to the engine.
 * @throws invalid from `push` and `close`; do not go on after that
 */
export class TarReader {
  readonly #sink: TarSink;
  readonly #block = Buffer.alloc(BLOCK);
  #filled = 0;
  #state: State = 'header';
  #position = 0;
  /** Bytes left of the body, the padding or the extension. */
  #left = 0;
  #padding = 0;
  #padsBody = false;
  #zeroBlocks = 0;
  #extension: { readonly flag: string; readonly parts: Buffer[] } = { flag: '', parts: [] };
  #extended = new ExtendedHeaders();
  #pending: Pending | undefined;
  #sparseMap = new SparseMapReader();

  constructor(sink: TarSink) {
    this.#sink = sink;
  }

  push(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let at = 0; at < bytes.length; ) {
      const taken = this.#take(bytes.subarray(at));
      at += taken;
      this.#position += taken;
      this.#settle();
    }
  }

  /** The stream ended. @throws invalid when it is truncated */
  close(): void {
    // Archives without the two empty blocks at their end are in use: the end between two members is no error.
    const complete =
      this.#state === 'done' || (this.#state === 'header' && this.#filled === 0 && !this.#extended.waiting);
    if (!complete) throw invalid(`truncated tar archive: unexpected end after ${this.#position} bytes`);
  }

  /** Consumes what belongs to the current state and says how much that was. */
  #take(bytes: Buffer): number {
    if (this.#state === 'done') return bytes.length;
    if (this.#state !== 'body' && this.#state !== 'padding' && this.#state !== 'extension')
      return this.#takeBlock(bytes);
    const count = Math.min(this.#left, bytes.length);
    const part = bytes.subarray(0, count);
    if (this.#state === 'body') this.#sink.body(part);
    else if (this.#state === 'extension') this.#extension.parts.push(Buffer.from(part));
    else if (this.#padsBody) this.#sink.padding?.(part);
    this.#left -= count;
    return count;
  }

  #takeBlock(bytes: Buffer): number {
    if (this.#filled === 0 && bytes.length >= BLOCK) {
      this.#onBlock(bytes.subarray(0, BLOCK), this.#position);
      return BLOCK;
    }
    const count = Math.min(BLOCK - this.#filled, bytes.length);
    bytes.copy(this.#block, this.#filled, 0, count);
    this.#filled += count;
    if (this.#filled === BLOCK) {
      this.#filled = 0;
      this.#onBlock(this.#block, this.#position + count - BLOCK);
    }
    return count;
  }

  #onBlock(block: Buffer, position: number): void {
    if (this.#state === 'sparse-block') this.#onSparseBlock(block);
    else if (this.#state === 'sparse-map') this.#onSparseMap(block);
    else this.#onHeader(block, position);
  }

  /** Leaves states that have nothing left to wait for. */
  #settle(): void {
    if (this.#pending !== undefined && this.#state === 'header') this.#begin(this.#pending);
    if (this.#state === 'extension' && this.#left === 0) {
      this.#onExtension();
      this.#pad();
    }
    if (this.#state === 'body' && this.#left === 0) {
      this.#sink.end();
      this.#pad();
    }
    if (this.#state === 'padding' && this.#left === 0) this.#state = 'header';
  }

  #expect(state: 'body' | 'extension', size: number): void {
    this.#state = state;
    this.#padsBody = state === 'body';
    this.#left = size;
    this.#padding = (BLOCK - (size % BLOCK)) % BLOCK;
  }

  #pad(): void {
    this.#state = 'padding';
    this.#left = this.#padding;
  }

  #onHeader(block: Buffer, position: number): void {
    if (isZero(block)) {
      if (++this.#zeroBlocks === 2) this.#state = 'done';
      return;
    }
    if (this.#zeroBlocks > 0)
      throw invalid(`broken tar archive: a member follows an end mark at byte ${position}`);
    const header = readHeader(block, position);
    if (header.size < 0) throw invalid(`broken tar archive: negative size of "${header.path}"`);
    if (!'xgLK'.includes(header.flag)) {
      this.#onMember(header, block);
      return;
    }
    if (header.size > MAX_EXTENSION) {
      throw invalid(
        `broken tar archive: extended header of ${header.size} bytes, the limit is ${MAX_EXTENSION}`,
      );
    }
    this.#extension = { flag: header.flag, parts: [] };
    this.#expect('extension', header.size);
  }

  #onExtension(): void {
    const { flag, parts } = this.#extension;
    const data = Buffer.concat(parts);
    if (flag === 'L') this.#extended.longPath = readText(data, 0, data.length);
    else if (flag === 'K') this.#extended.longLink = readText(data, 0, data.length);
    else this.#extended.setRecords(data, flag === 'g');
  }

  #onMember(header: RawHeader, block: Buffer): void {
    const extended = this.#extended;
    this.#extended = new ExtendedHeaders();
    const type = typeOf(header);
    // Only files have a body, whatever the size field of the others says.
    const size = type === 'file' ? (extended.size ?? header.size) : 0;
    const oldSparse = header.flag === 'S';
    const sparse = type === 'file' && (oldSparse || extended.isSparse);
    this.#pending = {
      path: checkName(extended.path ?? header.path),
      type,
      mode: header.mode,
      uid: checkOwner(extended.uid ?? header.uid),
      gid: checkOwner(extended.gid ?? header.gid),
      size,
      fileSize: sparse ? (oldSparse ? readNumber(block, 483, 12) : extended.sparseSize) : size,
      mtime: extended.mtime ?? secondsToNanoseconds(header.mtime),
      link: type === 'link' || type === 'symlink' ? checkName(extended.link ?? header.link) : '',
      major: header.major,
      minor: header.minor,
      xattrs: extended.xattrs,
      segments: sparse ? [] : undefined,
    };
    if (oldSparse) this.#onOldSparse(block);
    else if (sparse && extended.sparseMap !== undefined) this.#setSegments(readPaxMap(extended.sparseMap));
    else if (sparse) {
      this.#sparseMap = new SparseMapReader();
      this.#state = 'sparse-map';
    }
  }

  #onOldSparse(block: Buffer): void {
    readOldPairs(block, 386, 4, this.#pending?.segments ?? []);
    if (block[482]) this.#state = 'sparse-block';
  }

  #onSparseBlock(block: Buffer): void {
    readOldPairs(block, 0, 21, this.#pending?.segments ?? []);
    if (!block[504]) this.#state = 'header';
  }

  #onSparseMap(block: Buffer): void {
    if (this.#pending) this.#pending.size -= BLOCK;
    const segments = this.#sparseMap.push(block);
    if (segments === undefined) return;
    this.#setSegments(segments);
    this.#state = 'header';
  }

  #setSegments(segments: readonly Segment[]): void {
    for (const segment of segments) this.#pending?.segments?.push(segment);
  }

  /** All headers of the member are read: hand it out. */
  #begin(pending: Pending): void {
    this.#pending = undefined;
    if (pending.segments) checkSegments(pending.segments, pending.size, pending.fileSize);
    this.#expect('body', pending.size);
    this.#sink.entry({ ...pending, offset: this.#position });
  }
}

const isZero = (block: Buffer): boolean => block[0] === 0 && block.every((byte) => byte === 0);

function checkName(name: string): string {
  if (name.includes('\0'))
    throw invalid(`broken tar archive: a name has a NUL byte: ${JSON.stringify(name.slice(0, 100))}`);
  return name;
}

/** 2^32 - 1 means "leave the owner as it is" to chown(2). */
function checkOwner(id: number): number {
  if (id < 0 || id > 0xffff_fffe) throw invalid(`broken tar archive: user or group id ${id} is out of range`);
  return id;
}
