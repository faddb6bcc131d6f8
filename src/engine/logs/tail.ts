import type { LogEntry } from './entry.ts';
import { LogParser, MAX_RECORD } from './parser.ts';
import { RecordReader } from './record.ts';
import type { Segment } from './segments.ts';

/** Where reading begins. */
export interface StartPoint {
  /** Index of the first segment to read. */
  readonly segment: number;
  /** Byte in it: the beginning of a record. 0 in a compressed one. */
  readonly offset: number;
  /** Entries to leave out from there on. */
  readonly skip: number;
}

type Streams = Set<LogEntry['stream']>;

const CHUNK = 64 * 1024;
/** How far beyond the last wanted line its beginning is looked for, when the other stream's lines lie in between. */
const LOOK_BACK = 256 * 1024;
const NEWLINE = 0x0a;

/** The point from which `want` entries follow. Reads backwards: its cost follows the lines asked for, not the log's size. */
export async function findTail(segments: readonly Segment[], want: number): Promise<StartPoint> {
  let missing = want;
  const unfinished: Streams = new Set();
  for (let i = segments.length - 1; i >= 0; i--) {
    const segment = segments[i];
    if (!segment) continue;
    const found = segment.compressed
      ? await countForward(segment, missing)
      : await new BackwardScan(segment, missing, unfinished).run();
    missing -= found.entries;
    if (missing <= 0) return { segment: i, offset: found.offset, skip: found.skip };
  }
  return { segment: 0, offset: 0, skip: 0 };
}

interface Found {
  /** At most as many as were wanted. */
  readonly entries: number;
  readonly offset: number;
  readonly skip: number;
}

async function countForward(segment: Segment, want: number): Promise<Found> {
  const parser = new LogParser();
  let lines = 0;
  // A piece without its newline is not the end of an entry.
  for await (const chunk of segment.uncompressed())
    for (const entry of parser.push(chunk)) if (entry.line.at(-1) === NEWLINE) lines++;
  return { entries: Math.min(lines, want), offset: 0, skip: Math.max(0, lines - want) };
}

/**
 * Walks a plain file's records from the last to the first. An entry is one or more records of its
 * stream, the last of them tagged F; records of the two streams may interleave.
 */
class BackwardScan {
  readonly #segment: Segment;
  readonly #want: number;
  readonly #records = new RecordReader();
  #entries = 0;
  #offset = 0;
  /** Ends of unwanted entries behind `#offset`, and before it up to where we are. */
  #skip = 0;
  #passed = 0;
  /** Streams whose first wanted entry may have begun earlier still. */
  readonly #open: Streams = new Set();
  readonly #seen: Streams;

  /** @param seen streams of which a later record is known: what comes before it is no unfinished line */
  constructor(segment: Segment, want: number, seen: Streams) {
    this.#segment = segment;
    this.#want = want;
    this.#seen = seen;
  }

  async run(): Promise<Found> {
    const size = await this.#segment.size();
    this.#offset = size;
    let enoughAt: number | undefined;
    let carried = Buffer.alloc(0);
    for (let position = size; position > 0; ) {
      const start = Math.max(0, position - CHUNK);
      const bytes = Buffer.concat([await this.#segment.read(start, position - start), carried]);
      // The first line of the chunk began before it, except at the beginning of the file.
      const firstLine = start === 0 ? 0 : bytes.indexOf(NEWLINE) + 1;
      if (start === 0 || firstLine > 0) {
        if (this.#walk(bytes, start, firstLine)) return this.#found();
        carried = Buffer.from(bytes.subarray(0, firstLine));
      } else carried = bytes.length > MAX_RECORD ? Buffer.alloc(0) : bytes;
      position = start;
      if (this.#entries >= this.#want) enoughAt ??= position;
      if (enoughAt !== undefined && enoughAt - position > LOOK_BACK) return this.#found();
    }
    return this.#found();
  }

  /** Every whole line from the end of `bytes` to `first`; true when nothing earlier matters. */
  #walk(bytes: Buffer, base: number, first: number): boolean {
    let end = bytes.length;
    if (end > first && bytes[end - 1] === NEWLINE) end--;
    while (end > first) {
      const start = Math.max(first, bytes.lastIndexOf(NEWLINE, end - 1) + 1);
      if (bytes[end] === NEWLINE && this.#take(bytes, start, end, base)) return true;
      end = start - 1;
    }
    return false;
  }

  #take(bytes: Buffer, start: number, end: number, base: number): boolean {
    const record = this.#records.read(bytes, start, end);
    if (!record) return false;
    const { stream, partial } = record;
    const endsEntry = !partial || !this.#seen.has(stream);
    this.#seen.add(stream);
    if (endsEntry && this.#entries < this.#want) {
      this.#entries++;
      this.#open.add(stream);
      this.#include(base + start);
    } else if (partial) {
      if (this.#open.has(stream)) this.#include(base + start);
    } else {
      this.#passed++;
      this.#open.delete(stream);
    }
    return this.#entries >= this.#want && this.#open.size === 0;
  }

  #include(offset: number): void {
    this.#offset = offset;
    this.#skip += this.#passed;
    this.#passed = 0;
  }

  #found(): Found {
    return { entries: this.#entries, offset: this.#offset, skip: this.#skip };
  }
}
