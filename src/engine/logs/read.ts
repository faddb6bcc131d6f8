import type { LogEntry } from './entry.ts';
import { FileChanges } from './file-changes.ts';
import { LogParser } from './parser.ts';
import { closeAll, inodeOf, openSegments, type Segment } from './segments.ts';
import { findSince } from './since.ts';
import { findTail, type StartPoint } from './tail.ts';

export interface ReadOptions {
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Nanoseconds since the epoch, inclusive. */
  readonly since?: bigint;
  readonly until?: bigint;
  /** The last so many entries of either stream; absent: all. */
  readonly tail?: number;
  /** Go on with what is written until `ended`. Default false. */
  readonly follow?: boolean;
}

const CHUNK = 64 * 1024;

/**
 * A container's log: rotated files oldest first, then the live one. With `follow` it goes on, across
 * rotations, until `ended` aborts (the container's log is complete) and all of it has been read.
 * Aborting `signal` ends it at once. `onOpen` is called when its files are open.
 */
export async function* readLogs(
  path: string,
  options: ReadOptions,
  ended: AbortSignal,
  signal: AbortSignal,
  onOpen: () => void = () => {},
): AsyncGenerator<LogEntry, void> {
  const reader = new LogReader(path, options, signal);
  try {
    await reader.open();
    onOpen();
    yield* reader.stored();
    if (options.follow) yield* reader.followed(ended);
    yield* reader.unfinished();
  } finally {
    await reader.close();
  }
}

class LogReader {
  readonly #path: string;
  readonly #options: ReadOptions;
  readonly #signal: AbortSignal;
  #parser = new LogParser();
  /** Files still to be read, oldest first. The last stays until there is a newer one. */
  #segments: Segment[] = [];
  /** In the first of `#segments`. */
  #position = 0;
  /** `until` has been passed, or the reader has gone. */
  #done = false;
  /** Entries up to here have been given out: only asked for when files went missing meanwhile. */
  #last = 0n;
  #floor = 0n;

  constructor(path: string, options: ReadOptions, signal: AbortSignal) {
    this.#path = path;
    this.#options = options;
    this.#signal = signal;
  }

  /** From here on the log can be read to its end even when the container is removed. */
  async open(): Promise<void> {
    this.#segments = await openSegments(this.#path);
  }

  async *stored(): AsyncGenerator<LogEntry, void> {
    const start = await this.#start();
    await closeAll(this.#segments.splice(0, start.segment));
    this.#position = start.offset;
    this.#parser = new LogParser(start.skip);
    yield* this.#drain();
  }

  /** What is written from now on. */
  async *followed(ended: AbortSignal): AsyncGenerator<LogEntry, void> {
    using changes = new FileChanges(this.#path);
    while (!this.#done) {
      // Asked before reading: all that was written before the end is then read after it.
      const complete = ended.aborted;
      yield* this.#drain();
      if (this.#done) return;
      if (await this.#rotated()) {
        yield* this.#drain();
        await this.#next();
        continue;
      }
      if (complete) return;
      await changes.next(ended, this.#signal);
      if (this.#signal.aborted) return;
    }
  }

  /** What is left of lines that nobody has ended. */
  *unfinished(): Generator<LogEntry, void> {
    if (!this.#done) yield* this.#select(this.#parser.finish());
  }

  async close(): Promise<void> {
    await closeAll(this.#segments);
  }

  #start(): Promise<StartPoint> | StartPoint {
    const { tail, since } = this.#options;
    if (tail !== undefined) return findTail(this.#segments, tail);
    if (since !== undefined) return findSince(this.#segments, since);
    return { segment: 0, offset: 0, skip: 0 };
  }

  /** All that is there, of all files. */
  async *#drain(): AsyncGenerator<LogEntry, void> {
    for (let segment = this.#segments[0]; segment && !this.#done; segment = this.#segments[0]) {
      if (segment.compressed) yield* this.#drainCompressed(segment);
      else yield* this.#drainPlain(segment);
      if (this.#done) return;
      if (this.#segments.length === 1) return;
      this.#segments.shift();
      await segment.close();
      this.#beginFile();
    }
  }

  async *#drainCompressed(segment: Segment): AsyncGenerator<LogEntry, void> {
    // It never grows, but stays in front while there is no younger file.
    if (this.#position > 0) return;
    for await (const chunk of segment.uncompressed()) {
      this.#position += chunk.length;
      yield* this.#select(this.#parser.push(chunk));
      if (this.#done) return;
    }
  }

  async *#drainPlain(segment: Segment): AsyncGenerator<LogEntry, void> {
    for (;;) {
      const chunk = await segment.read(this.#position, CHUNK);
      if (chunk.length === 0) return;
      this.#position += chunk.length;
      yield* this.#select(this.#parser.push(chunk));
      if (this.#done) return;
    }
  }

  *#select(entries: readonly LogEntry[]): Generator<LogEntry, void> {
    const { since, until } = this.#options;
    for (const entry of entries) {
      if (this.#signal.aborted || (until !== undefined && entry.time > until)) {
        this.#done = true;
        return;
      }
      if (entry.time <= this.#floor || (since !== undefined && entry.time < since)) continue;
      this.#last = entry.time;
      if (this.#options[entry.stream]) yield entry;
    }
  }

  /** True once conmon writes to another file than the one that we have open. */
  async #rotated(): Promise<boolean> {
    const inode = await inodeOf(this.#path);
    const current = this.#segments[0];
    if (inode === undefined) return false;
    if (inode !== current?.inode) return true;
    // Somebody cut it down in place: what is there now is new.
    if ((await current.size()) < this.#position) this.#beginFile();
    return false;
  }

  /** Goes on with the files that are younger than ours. */
  async #next(): Promise<void> {
    const old = this.#segments.splice(0);
    const segments = await openSegments(this.#path);
    const ours = segments.findIndex((segment) => segment.inode === old[0]?.inode);
    // Ours has been compressed or removed meanwhile: what follows its last entry is ours to read.
    if (old.length > 0 && ours < 0) this.#floor = this.#last;
    await closeAll([...old, ...segments.splice(0, ours + 1)]);
    this.#segments = segments;
    this.#beginFile();
  }

  #beginFile(): void {
    this.#position = 0;
    this.#parser.nextFile();
  }
}
