import { parseTime } from '#lib/time';

/** One line of a log file: `2026-11-21T23:54:00.550068086+00:00 stdout F text\n`. */
export interface LogRecord {
  readonly time: bigint;
  readonly stream: 'stdout' | 'stderr';
  /** Tag P: the text goes on in the next record of this stream. */
  readonly partial: boolean;
  /** Where the text begins in the line. */
  readonly text: number;
}

const SPACE = 0x20;
/** `2026-11-21T23:54:00` */
const SECONDS_LENGTH = 19;
/** The longest `time stream tag ` there is. */
const MAX_HEAD = 48;

/**
 * Reads the heads of log lines (kubelet's CRI log format). The clock text of one second is
 * interpreted once, however many lines it has.
 */
export class RecordReader {
  #second = '';
  #zone = '';
  #nanoseconds = 0n;

  /** `bytes` from `start` to `end`, the newline not included; undefined when it is no record. */
  read(bytes: Buffer, start: number, end: number): LogRecord | undefined {
    const limit = Math.min(end, start + MAX_HEAD);
    const timeEnd = indexOfSpace(bytes, start, limit);
    if (timeEnd < 0) return undefined;
    const streamEnd = indexOfSpace(bytes, timeEnd + 1, limit);
    if (streamEnd < 0) return undefined;
    const stream = bytes.toString('latin1', timeEnd + 1, streamEnd);
    if (stream !== 'stdout' && stream !== 'stderr') return undefined;
    const tag = bytes[streamEnd + 1];
    if ((tag !== 0x46 && tag !== 0x50) || bytes[streamEnd + 2] !== SPACE || streamEnd + 2 >= end)
      return undefined;
    const time = this.#time(bytes, start, timeEnd);
    if (time === undefined) return undefined;
    return { time, stream, partial: tag === 0x50, text: streamEnd + 3 };
  }

  #time(bytes: Buffer, start: number, end: number): bigint | undefined {
    const fractionStart = start + SECONDS_LENGTH;
    if (fractionStart >= end) return undefined;
    let zoneStart = fractionStart;
    let fraction = 0;
    if (bytes[fractionStart] === 0x2e) {
      zoneStart++;
      let digits = 0;
      for (; zoneStart < end && digits < 9; zoneStart++, digits++) {
        const digit = (bytes[zoneStart] ?? 0) - 0x30;
        if (digit < 0 || digit > 9) break;
        fraction = fraction * 10 + digit;
      }
      if (digits === 0) return undefined;
      fraction *= 10 ** (9 - digits);
    }
    const second = bytes.toString('latin1', start, fractionStart);
    const zone = bytes.toString('latin1', zoneStart, end);
    if (second !== this.#second || zone !== this.#zone) {
      const nanoseconds = parseTime(second + zone);
      if (nanoseconds === undefined) return undefined;
      [this.#second, this.#zone, this.#nanoseconds] = [second, zone, nanoseconds];
    }
    return this.#nanoseconds + BigInt(fraction);
  }
}

function indexOfSpace(bytes: Buffer, start: number, limit: number): number {
  for (let i = start; i < limit; i++) if (bytes[i] === SPACE) return i;
  return -1;
}
