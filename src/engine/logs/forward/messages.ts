import { createHash } from 'node:crypto';
import type { Message, Piece } from '../drivers/driver.ts';
import type { LogRecord } from '../record.ts';

/** A place in a log: what comes before it has been dealt with. */
export interface Point {
  /** Of the file, whatever its name is by now. */
  readonly inode: bigint;
  readonly offset: number;
  /** Of the last record before it, in nanoseconds. */
  readonly time: bigint;
  /** The last piece of the line that goes on here. */
  readonly piece?: Pick<Piece, 'id' | 'ordinal'> | undefined;
}

/** Where to go on after a message, of each stream: one may have begun a line that it has not finished. */
export interface Resume {
  readonly stdout: Point;
  readonly stderr: Point;
}

/** A message, and where to go on once it is delivered. */
export interface Outgoing extends Message {
  readonly resume: Resume;
}

type Stream = Message['stream'];

interface Unfinished {
  readonly time: bigint;
  readonly start: Point;
  readonly parts: Buffer[];
  readonly size: number;
  readonly piece: Point['piece'];
}

/** A line that is longer goes out in pieces, as Docker cuts it. conmon's records have at most half of it. */
const PIECE_SIZE = 16 * 1024;

/** Makes messages of records: conmon cuts a line where it was read, so most lines of several records are short. */
export class Messages {
  readonly #container: string;
  readonly #unfinished = new Map<Stream, Unfinished>();
  /** Pieces that went out in an earlier life. */
  readonly #begun = new Map<Stream, Point['piece']>();
  #end: Point | undefined;

  constructor(container: string, from: Resume | undefined) {
    this.#container = container;
    if (from?.stdout.piece) this.#begun.set('stdout', from.stdout.piece);
    if (from?.stderr.piece) this.#begun.set('stderr', from.stderr.piece);
  }

  /** The message that is complete with this record, if any. `end.time` is the record's. */
  take(record: LogRecord, text: Buffer, start: Point, end: Point): Outgoing | undefined {
    const { stream } = record;
    const before = this.#unfinished.get(stream) ?? this.#begin(stream, record.time, start);
    const parts = [...before.parts, text];
    const size = before.size + text.length;
    this.#end = end;
    if (record.partial && size < PIECE_SIZE) {
      this.#unfinished.set(stream, { ...before, parts, size });
      return undefined;
    }
    const piece = this.#piece({ ...before, parts, size }, stream, { last: !record.partial });
    if (piece && !piece.last) {
      const at = { ...end, piece: { id: piece.id, ordinal: piece.ordinal } };
      this.#unfinished.set(stream, { time: before.time, start: at, parts: [], size: 0, piece: at.piece });
    } else this.#unfinished.delete(stream);
    return this.#message(stream, before.time, parts, piece, end);
  }

  /** Nothing more will come: what is left of lines that were never finished. */
  finish(): Outgoing[] {
    const end = this.#end;
    if (!end) return [];
    // In a fixed order: another life that ends the same lines must end them in the same way.
    return (['stdout', 'stderr'] as const).flatMap((stream) => {
      const unfinished = this.#unfinished.get(stream);
      this.#unfinished.delete(stream);
      if (!unfinished || unfinished.size === 0) return [];
      const piece = this.#piece(unfinished, stream, { last: true });
      return [this.#message(stream, unfinished.time, unfinished.parts, piece, end)];
    });
  }

  #begin(stream: Stream, time: bigint, start: Point): Unfinished {
    const piece = this.#begun.get(stream);
    this.#begun.delete(stream);
    return { time, start: { ...start, piece }, parts: [], size: 0, piece };
  }

  /** Undefined for a line that is whole. */
  #piece(line: Unfinished, stream: Stream, { last }: { readonly last: boolean }): Piece | undefined {
    if (last && !line.piece) return undefined;
    const { id, ordinal } = line.piece ?? { id: this.#pieceId(stream, line.time), ordinal: 0 };
    return { id, ordinal: ordinal + 1, last };
  }

  /** The same however often the line is read again. */
  #pieceId(stream: Stream, time: bigint): string {
    return createHash('sha256').update(`${this.#container} ${stream} ${time}`).digest('hex');
  }

  #message(
    stream: Stream,
    time: bigint,
    parts: readonly Buffer[],
    piece: Piece | undefined,
    end: Point,
  ): Outgoing {
    const [only] = parts;
    const line = parts.length === 1 && only ? only : Buffer.concat(parts);
    const resume = { stdout: this.#resume('stdout', end), stderr: this.#resume('stderr', end) };
    return { stream, time, line, resume, ...(piece && { partial: piece }) };
  }

  #resume(stream: Stream, end: Point): Point {
    return this.#unfinished.get(stream)?.start ?? end;
  }
}
