import { type FileHandle, open } from 'node:fs/promises';
import { codeOf } from '#lib/errors';
import { diskFull } from './receive.ts';

/** What is fetched by one request. Small enough to share out, large enough that asking costs little. */
export const SEGMENT_BYTES = 8 << 20;

const HEADER_BYTES = 8;
const ENTRY_BYTES = 4;

/** A part of a download: `done` bytes from `start` on are on disk. */
export interface Segment {
  readonly index: number;
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  done: number;
}

/**
 * How far each segment of a download has come, in a file beside it: the size of the whole, then the bytes that each
 * has. An entry is written after the bytes that it counts, so that it never says too much after a kill -9.
 */
export class SegmentMap implements AsyncDisposable {
  readonly segments: readonly Segment[];
  readonly #file: FileHandle;
  /** What the file has, or will have in a moment. */
  readonly #content: Buffer;
  /** Entries that the file does not have yet: the first, and one behind the last. */
  #changed: { from: number; to: number } | undefined;
  #writing: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #arrived: number;
  /** Index of the first segment that has a gap. */
  #gap = 0;

  private constructor(file: FileHandle, content: Buffer, segments: readonly Segment[]) {
    this.#file = file;
    this.#content = content;
    this.segments = segments;
    this.#arrived = segments.reduce((sum, { done }) => sum + done, 0);
  }

  /** Takes up the map at `path` of a file that has `length` bytes now, or begins one in which nothing is there. */
  static async open(path: string, size: number, length: number): Promise<SegmentMap> {
    const known = length > 0 ? await entriesAt(path, size) : undefined;
    const segments = segmentsOf(size).map(({ index, start, end }) => {
      const done = known?.[index] ?? 0;
      // The machine may have died between the two files.
      return { index, start, end, done: start + done <= Math.min(end, length) ? done : 0 };
    });
    const content = Buffer.alloc(HEADER_BYTES + segments.length * ENTRY_BYTES);
    content.writeBigUInt64LE(BigInt(size));
    for (const { index, done } of segments) content.writeUInt32LE(done, HEADER_BYTES + index * ENTRY_BYTES);
    const file = await open(path, known ? 'r+' : 'w', 0o600);
    try {
      await file.write(content, 0, content.length, 0);
    } catch (error) {
      await file.close();
      throw error;
    }
    return new SegmentMap(file, content, segments);
  }

  /** Bytes from the beginning on without a gap. */
  get frontier(): number {
    for (let segment = this.segments[this.#gap]; segment; segment = this.segments[++this.#gap])
      if (!isWhole(segment)) return segment.start + segment.done;
    return this.segments.at(-1)?.end ?? 0;
  }

  get arrived(): number {
    return this.#arrived;
  }

  get missing(): readonly Segment[] {
    return this.segments.filter((segment) => !isWhole(segment));
  }

  /** Those that hold bytes from `start` to `end`, which is exclusive. */
  between(start: number, end: number): readonly Segment[] {
    return this.segments.slice(Math.floor(start / SEGMENT_BYTES), Math.ceil(end / SEGMENT_BYTES));
  }

  /** The segment has so many bytes more, which are in the file. It is written down in a moment. @throws what writing threw */
  note(segment: Segment, count: number): void {
    if (this.#failure) throw this.#failure.error;
    segment.done += count;
    this.#arrived += count;
    const { index, done } = segment;
    this.#content.writeUInt32LE(done, HEADER_BYTES + index * ENTRY_BYTES);
    const { from, to } = this.#changed ?? { from: index, to: index + 1 };
    this.#changed = { from: Math.min(from, index), to: Math.max(to, index + 1) };
    this.#writing ??= this.#write();
  }

  /** What is noted meanwhile is written with the next write, whoever noted it. */
  async #write(): Promise<void> {
    try {
      for (let changed = this.#changed; changed; changed = this.#changed) {
        this.#changed = undefined;
        const start = HEADER_BYTES + changed.from * ENTRY_BYTES;
        await this.#file.write(this.#content, start, (changed.to - changed.from) * ENTRY_BYTES, start);
      }
    } catch (error) {
      this.#failure = { error: diskFull(error) };
    }
    this.#writing = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing;
    await this.#file.close();
  }
}

const isWhole = ({ start, end, done }: Segment): boolean => done === end - start;

const segmentsOf = (size: number): Omit<Segment, 'done'>[] =>
  Array.from({ length: Math.ceil(size / SEGMENT_BYTES) }, (_, index) => ({
    index,
    start: index * SEGMENT_BYTES,
    end: Math.min(size, (index + 1) * SEGMENT_BYTES),
  }));

/** Undefined when there is no map, or one of something else. */
async function entriesAt(path: string, size: number): Promise<number[] | undefined> {
  let content: Buffer;
  try {
    await using file = await open(path);
    content = await file.readFile();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  const count = Math.ceil(size / SEGMENT_BYTES);
  const fits = content.length === HEADER_BYTES + count * ENTRY_BYTES;
  if (!fits || content.readBigUInt64LE() !== BigInt(size)) return undefined;
  return Array.from({ length: count }, (_, index) =>
    content.readUInt32LE(HEADER_BYTES + index * ENTRY_BYTES),
  );
}
