import { type FileHandle, open, rm } from 'node:fs/promises';
import { cancelled, invalid } from '#lib/errors';
import { SMALL, Thread } from '#lib/thread';
import type { FileHasher } from './hash-thread.ts';
import type { Adopt } from './ingest.ts';
import { diskFull, isDiskFull } from './receive.ts';
import { type Segment, SegmentMap } from './segment-map.ts';

/** Bytes gathered before a write: each is a trip to the thread pool. */
const BATCH = 1 << 17;
/** Bytes between two words to the thread that hashes: each opens the file. */
const HASH_STEP = 4 << 20;

/**
 * A large download that arrives at several places at once, and can be taken up again, even by a later process. A
 * thread of its own hashes behind the frontier, from the file: bytes pass the main thread once.
 */
export class SegmentedIngest implements AsyncDisposable {
  readonly #path: string;
  readonly #size: number;
  readonly #file: FileHandle;
  readonly #map: SegmentMap;
  readonly #adopt: Adopt;
  readonly #thread = new Thread<FileHasher>(new URL('./hash-thread.ts', import.meta.url), SMALL);
  #hashing: Promise<unknown> = Promise.resolve();
  #hashed = 0;
  /** Some of it was here before this process asked for any. */
  readonly resumed: boolean;

  private constructor(at: { path: string; size: number; file: FileHandle; map: SegmentMap }, adopt: Adopt) {
    this.#path = at.path;
    this.#size = at.size;
    this.#file = at.file;
    this.#map = at.map;
    this.#adopt = adopt;
    this.resumed = this.arrived > 0;
    this.#hash();
  }

  static async open(path: string, size: number, adopt: Adopt): Promise<SegmentedIngest> {
    const file = await openForWriting(path);
    try {
      const { size: length } = await file.stat();
      const map = await SegmentMap.open(mapOf(path), size, length);
      return new SegmentedIngest({ path, size, file, map }, adopt);
    } catch (error) {
      await file.close();
      throw diskFull(error);
    }
  }

  get arrived(): number {
    return this.#map.arrived;
  }

  /** What is not whole yet, in order. */
  get missing(): readonly Segment[] {
    return this.#map.missing;
  }

  /**
   * Writes content that begins where the segment goes on, and runs over its end when there is more. What is here is
   * never written again: it may be hashed. @throws cancelled; system when the disk is full
   */
  async receive(
    segment: Segment,
    content: AsyncIterable<Uint8Array>,
    { onBytes, signal }: { onBytes: () => void; signal: AbortSignal },
  ): Promise<void> {
    let position = segment.start + segment.done;
    let waiting: Uint8Array[] = [];
    let length = 0;
    const flush = async () => {
      const [batch, size] = [waiting, length];
      waiting = [];
      length = 0;
      await this.#write(position, batch, size);
      position += size;
      onBytes();
    };
    try {
      for await (const chunk of content) {
        if (signal.aborted) throw cancelled();
        waiting.push(chunk);
        length += chunk.length;
        if (length >= BATCH) await flush();
      }
    } finally {
      // Also what had come before it broke off.
      if (length > 0) await flush();
    }
  }

  async #write(position: number, batch: readonly Uint8Array[], size: number): Promise<void> {
    const end = position + size;
    for (const segment of this.#map.between(position, end)) {
      const from = Math.max(position, segment.start + segment.done);
      const to = Math.min(end, segment.end);
      // A gap would be left, or nothing is new.
      if (from >= to || from !== segment.start + segment.done) continue;
      const whole = from === position && to === end;
      await this.#writeAll(whole ? batch : cut(batch, from - position, to - position), from, to - from);
      // Another stream may have brought some of it meanwhile.
      const gained = to - (segment.start + segment.done);
      if (gained > 0) this.#map.note(segment, gained);
    }
    this.#hash();
  }

  async #writeAll(batch: readonly Uint8Array[], position: number, size: number): Promise<void> {
    try {
      let { bytesWritten: written } = await this.#file.writev(batch, position);
      if (written === size) return;
      // Short writes happen at the edge of a full disk: the next one tells the reason.
      const bytes = Buffer.concat(batch);
      while (written < size)
        written += (await this.#file.write(bytes, written, size - written, position + written)).bytesWritten;
    } catch (error) {
      throw diskFull(error);
    }
  }

  /** Lets the thread follow. */
  #hash(): void {
    const { frontier } = this.#map;
    if (frontier - this.#hashed < HASH_STEP && frontier < this.#size) return;
    if (frontier === this.#hashed) return;
    this.#hashed = frontier;
    const done = this.#thread.call('advance', this.#path, frontier);
    // Whoever commits hears of it.
    done.catch(() => {});
    this.#hashing = done;
  }

  /** Turns it into a blob. @throws invalid when it is not what was expected; nothing is kept then */
  async commit(expected: string): Promise<void> {
    await this.#hashing;
    const digest = await this.#thread.call('digest');
    if (digest !== expected) {
      await this.discard();
      throw invalid(`content verification failed: expected digest ${expected}, got ${digest}`);
    }
    await this.#adopt(this.#path, { digest, size: this.#size });
    await rm(mapOf(this.#path), { force: true });
  }

  async discard(): Promise<void> {
    await rm(this.#path, { force: true });
    await rm(mapOf(this.#path), { force: true });
  }

  /** What has arrived stays, unless the disk is full: to go on later needs the space that this takes from everybody. */
  async failed(error: unknown): Promise<void> {
    if (isDiskFull(error) || this.arrived === 0) await this.discard();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread[Symbol.asyncDispose]();
    await this.#map[Symbol.asyncDispose]();
    await this.#file.close();
  }
}

const cut = (batch: readonly Uint8Array[], start: number, end: number): [Uint8Array] => [
  Buffer.concat(batch).subarray(start, end),
];

/** Where the map of a download is. */
export const mapOf = (path: string): string => `${path}.map`;

/** Neither truncated nor opened for appending, which would ignore positions. */
async function openForWriting(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r+');
  } catch {
    return open(path, 'wx+', 0o600);
  }
}
