import { FileChanges } from '../file-changes.ts';
import { RecordReader } from '../record.ts';
import { closeAll, inodeOf, openSegments, type Segment } from '../segments.ts';
import { Messages, type Outgoing, type Point, type Resume } from './messages.ts';

/** Also what may come twice when the process dies in the middle of a delivery. */
const CHUNK = 16 * 1024;
/** conmon's records have 8 KiB of text. What is much longer is damage, and skipped. */
const MAX_RECORD = 1024 * 1024;
const NEWLINE = 0x0a;

export interface FollowOptions {
  /** Of the live file. */
  readonly path: string;
  readonly container: string;
  /** Where an earlier life was; undefined: at the beginning of what is kept. */
  readonly from: Resume | undefined;
  /** Files went missing before they were read. */
  readonly onGap: () => void;
}

/**
 * Reads a log from a point on, over the rotations of its files, and as long as its container writes.
 * A point whose file is gone is found again by the time of its last record.
 */
export class LogFollower {
  readonly #options: FollowOptions;
  readonly #messages: Messages;
  readonly #records = new RecordReader();
  #segment: Segment | undefined;
  /** In the segment: where the next record begins. */
  #offset = 0;
  /** Of the last record. */
  #time = 0n;
  /** Records that are older or as old have been dealt with, in a file that is not there any more. */
  #floor: bigint | undefined;
  /** What an earlier life dealt with of files that are still to be read. */
  readonly #before: Map<'stdout' | 'stderr', Point>;

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#messages = new Messages(options.container, options.from);
    this.#before = new Map(Object.entries(options.from ?? {}) as ['stdout' | 'stderr', Point][]);
  }

  /**
   * Batches of messages in the order in which they were written; ends when `ended` has aborted (the container writes
   * no more) and all of it has been read, or at once with `signal`.
   */
  async *batches(ended: AbortSignal, signal: AbortSignal): AsyncGenerator<Outgoing[], void> {
    using changes = new FileChanges(this.#options.path);
    try {
      for (;;) {
        // Asked before reading: all that was written before the end is then read after it.
        const complete = ended.aborted;
        this.#segment ??= await this.#open();
        yield* this.#drain(signal);
        if (signal.aborted) return;
        if (await this.#rotated()) {
          yield* this.#drain(signal);
          await this.#advance();
          continue;
        }
        if (complete) break;
        await changes.next(ended, signal);
        if (signal.aborted) return;
      }
      const rest = this.#messages.finish();
      if (rest.length > 0) yield rest;
    } finally {
      await this.#segment?.close();
      this.#segment = undefined;
    }
  }

  /** The file to begin with, and where in it. */
  async #open(): Promise<Segment | undefined> {
    const segments = await openSegments(this.#options.path);
    const { from } = this.#options;
    const [first] = segments;
    if (!from || !first) return keep(segments, first);
    const indexes = [from.stdout, from.stderr].map(({ inode }) =>
      segments.findIndex((segment) => segment.inode === inode),
    );
    const index = Math.min(...indexes);
    const segment = segments[index];
    const offset = Math.min(
      ...[from.stdout, from.stderr].flatMap((point) =>
        point.inode === segment?.inode ? [point.offset] : [],
      ),
    );
    if (segment && (await beginsRecord(segment, offset))) {
      this.#offset = offset;
      return keep(segments, segment);
    }
    return keep(segments, this.#newer(segments, from));
  }

  /** The point's file has gone: the first that has something younger than what was read of it. */
  #newer(segments: readonly Segment[], { stdout, stderr }: Resume): Segment | undefined {
    const floor = stdout.time > stderr.time ? stdout.time : stderr.time;
    this.#floor = floor;
    return segments.find((segment) => segment.modified > floor) ?? segments.at(-1);
  }

  /** All that is there of the file. */
  async *#drain(signal: AbortSignal): AsyncGenerator<Outgoing[], void> {
    const segment = this.#segment;
    if (!segment) return;
    let rest: Buffer = Buffer.alloc(0);
    for await (const chunk of bytesOf(segment, this.#offset)) {
      const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
      const batch: Outgoing[] = [];
      const read = this.#read(bytes, segment, batch);
      this.#offset += read;
      rest = bytes.subarray(read);
      if (rest.length > MAX_RECORD) {
        this.#offset += rest.length;
        rest = Buffer.alloc(0);
      }
      if (batch.length > 0) yield batch;
      if (signal.aborted) return;
    }
  }

  /** The whole records of `bytes`, whose first one is at our offset. Their length. */
  #read(bytes: Buffer, segment: Segment, batch: Outgoing[]): number {
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      const record = this.#records.read(bytes, start, end);
      const from = this.#point(segment, start);
      if (record) this.#time = record.time;
      const to = this.#point(segment, end + 1);
      if (record && !this.#isOld(record.stream, to)) {
        const message = this.#messages.take(record, bytes.subarray(record.text, end), from, to);
        if (message) batch.push(message);
      }
      start = end + 1;
    }
    return start;
  }

  #point({ inode }: Segment, ahead: number): Point {
    return { inode, offset: this.#offset + ahead, time: this.#time };
  }

  /** Delivered in an earlier life. */
  #isOld(stream: 'stdout' | 'stderr', end: Point): boolean {
    if (this.#floor !== undefined && end.time <= this.#floor) return true;
    const before = this.#before.get(stream);
    return before?.inode === end.inode && end.offset <= before.offset;
  }

  /** True once conmon writes to another file than the one that we have open. */
  async #rotated(): Promise<boolean> {
    const inode = await inodeOf(this.#options.path);
    if (inode === undefined || !this.#segment) return false;
    if (inode !== this.#segment.inode) return true;
    // Somebody cut it down in place: what is there now is new.
    if ((await this.#segment.size()) < this.#offset) this.#leave(inode);
    return false;
  }

  /** Goes on with the file that is next younger than ours. */
  async #advance(): Promise<void> {
    const segments = await openSegments(this.#options.path);
    const ours = segments.findIndex(({ inode }) => inode === this.#segment?.inode);
    let next = segments[ours + 1];
    this.#floor = undefined;
    if (ours < 0) {
      this.#options.onGap();
      const time = this.#time;
      this.#floor = time;
      next = segments.find(({ modified }) => modified > time) ?? segments.at(-1);
    }
    if (this.#segment) this.#leave(this.#segment.inode);
    await this.#segment?.close();
    this.#segment = await keep(segments, next);
  }

  /** A later file may get the same number. */
  #leave(inode: bigint): void {
    this.#offset = 0;
    for (const [stream, point] of this.#before) if (point.inode === inode) this.#before.delete(stream);
  }
}

async function keep(segments: readonly Segment[], wanted: Segment | undefined): Promise<Segment | undefined> {
  await closeAll(segments.filter((segment) => segment !== wanted));
  return wanted;
}

/** False for a file that only has the same number as one that is gone. */
async function beginsRecord(segment: Segment, offset: number): Promise<boolean> {
  if (offset === 0 || segment.compressed) return true;
  const before = await segment.read(offset - 1, 1);
  return before[0] === NEWLINE;
}

async function* bytesOf(segment: Segment, offset: number): AsyncGenerator<Buffer, void> {
  if (!segment.compressed) {
    for (let at = offset; ; ) {
      const chunk = await segment.read(at, CHUNK);
      if (chunk.length === 0) return;
      at += chunk.length;
      yield chunk;
    }
  }
  let skip = offset;
  for await (const chunk of segment.uncompressed()) {
    if (skip < chunk.length) yield chunk.subarray(skip);
    skip = Math.max(0, skip - chunk.length);
  }
}
