import type { LogEntry } from './entry.ts';
import { type LogRecord, RecordReader } from './record.ts';

const NEWLINE = 0x0a;
/** conmon's lines have 8 KiB of text. What is much longer is damage, and skipped. */
export const MAX_RECORD = 1024 * 1024;
/** A line longer than this comes in pieces. */
const MAX_ENTRY = 256 * 1024;

interface Unfinished {
  readonly time: bigint;
  readonly parts: Buffer[];
  size: number;
}

/** Makes entries of a log file's bytes, given in pieces of any size. */
export class LogParser {
  readonly #records = new RecordReader();
  readonly #unfinished = new Map<LogEntry['stream'], Unfinished>();
  /** The beginning of a record whose end has not come yet. */
  #rest: Buffer = Buffer.alloc(0);
  #skippingDamage = false;
  #skip: number;

  /** @param skip entries to leave out at the beginning: `tail` counts from the end */
  constructor(skip = 0) {
    this.#skip = skip;
  }

  /** The entries that are complete with this chunk. Their lines are views of it: do not reuse it. */
  push(chunk: Buffer): LogEntry[] {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    const entries: LogEntry[] = [];
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      if (this.#skippingDamage) this.#skippingDamage = false;
      else this.#take(bytes, start, end, entries);
      start = end + 1;
    }
    this.#rest = this.#skippingDamage ? Buffer.alloc(0) : bytes.subarray(start);
    if (this.#rest.length > MAX_RECORD) {
      this.#rest = Buffer.alloc(0);
      this.#skippingDamage = true;
    }
    return entries;
  }

  /** Another file begins: a record that was cut short stays so, an unfinished line goes on. */
  nextFile(): void {
    this.#rest = Buffer.alloc(0);
    this.#skippingDamage = false;
  }

  /** Nothing more will come: what is left of lines that were never finished. */
  finish(): LogEntry[] {
    const left = [...this.#unfinished]
      .filter(([, { size }]) => size > 0)
      .map(([stream, { time, parts }]) => ({
        stream,
        time,
        line: Buffer.concat(parts),
      }));
    this.#unfinished.clear();
    return left.sort((a, b) => (a.time < b.time ? -1 : 1));
  }

  #take(bytes: Buffer, start: number, end: number, entries: LogEntry[]): void {
    const record = this.#records.read(bytes, start, end);
    if (!record) return;
    if (record.partial) this.#takePartial(record, bytes.subarray(record.text, end), entries);
    else this.#takeFull(record, bytes.subarray(record.text, end + 1), entries);
  }

  #takePartial(record: LogRecord, text: Buffer, entries: LogEntry[]): void {
    const { stream, time } = record;
    const unfinished = this.#unfinished.get(stream);
    if (!unfinished) {
      this.#unfinished.set(stream, { time, parts: [text], size: text.length });
      return;
    }
    unfinished.parts.push(text);
    unfinished.size += text.length;
    if (unfinished.size < MAX_ENTRY) return;
    // It stays unfinished, with nothing in it yet: its last record must not count as a line of its own.
    if (this.#skip === 0)
      entries.push({ stream, time: unfinished.time, line: Buffer.concat(unfinished.parts) });
    unfinished.parts.length = 0;
    unfinished.size = 0;
  }

  #takeFull(record: LogRecord, text: Buffer, entries: LogEntry[]): void {
    const { stream } = record;
    const unfinished = this.#unfinished.get(stream);
    this.#unfinished.delete(stream);
    if (this.#skip > 0) {
      this.#skip--;
      return;
    }
    if (!unfinished) entries.push({ stream, time: record.time, line: text });
    else entries.push({ stream, time: unfinished.time, line: Buffer.concat([...unfinished.parts, text]) });
  }
}
