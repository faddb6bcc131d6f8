import { invalid } from '#lib/errors';
import type { Segment } from './entry.ts';
import { readDecimal, readNumber } from './numbers.ts';

/** Most runs of one file: a map of them must fit in memory. */
export const MAX_SEGMENTS = 500_000;
const MAX_MAP_BYTES = 16 * 1024 * 1024;
const PAIR = 24;
const tooMany = () => invalid('broken tar archive: sparse file with too many segments');

/** Old GNU format: pairs of 12-byte numbers in the header (4) and in the blocks that follow it (21 each). */
export function readOldPairs(block: Buffer, offset: number, count: number, segments: Segment[]): void {
  for (let at = offset; at < offset + count * PAIR; at += PAIR) {
    // An unused pair is blank.
    if (!block[at] && !block[at + 12]) continue;
    segments.push({ offset: readNumber(block, at, 12), length: readNumber(block, at + 12, 12) });
  }
  if (segments.length > MAX_SEGMENTS) throw tooMany();
}

/** PAX versions 0.0 and 0.1: `offset,length,offset,length...` @throws invalid */
export function readPaxMap(text: string): Segment[] {
  const numbers = text.split(',').map((number) => readDecimal(number, 'a sparse map'));
  return pairs(numbers);
}

/** PAX version 1.0: decimal lines in whole blocks in front of the data: how many, then offset and length of each. */
export class SparseMapReader {
  #rest = '';
  #bytes = 0;
  #expected: number | undefined;
  readonly #numbers: number[] = [];

  /** The segments, once the map is complete; undefined when another block is needed. @throws invalid */
  push(block: Buffer): Segment[] | undefined {
    this.#bytes += block.length;
    if (this.#bytes > MAX_MAP_BYTES) throw tooMany();
    const lines = (this.#rest + block.toString('latin1')).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      if (this.#numbers.length === this.#expected) break;
      const number = readDecimal(line, 'a sparse map');
      if (this.#expected !== undefined) this.#numbers.push(number);
      else if (number > MAX_SEGMENTS) throw tooMany();
      else this.#expected = number * 2;
    }
    return this.#numbers.length === this.#expected ? pairs(this.#numbers) : undefined;
  }
}

function pairs(numbers: readonly number[]): Segment[] {
  if (numbers.length % 2 !== 0) throw invalid('broken tar archive: sparse map with an odd number of entries');
  if (numbers.length > MAX_SEGMENTS * 2) throw tooMany();
  const segments: Segment[] = [];
  for (let i = 0; i + 1 < numbers.length; i += 2) {
    segments.push({ offset: numbers[i] ?? 0, length: numbers[i + 1] ?? 0 });
  }
  return segments;
}

/** In order, apart from each other, inside the file, and as long together as the body. @throws invalid */
export function checkSegments(segments: readonly Segment[], stored: number, fileSize: number): void {
  let end = 0;
  let sum = 0;
  for (const { offset, length } of segments) {
    if (offset < end || length < 0 || !Number.isSafeInteger(offset + length)) {
      throw invalid('broken tar archive: sparse file with overlapping segments');
    }
    end = offset + length;
    sum += length;
  }
  if (end > fileSize || sum !== stored)
    throw invalid('broken tar archive: sparse file whose segments do not match its size');
}

/** Where each stored byte of a sparse file goes, as its body arrives in pieces. */
export class SparseCursor {
  readonly #segments: readonly Segment[];
  #index = 0;
  #done = 0;

  constructor(segments: readonly Segment[]) {
    this.#segments = segments;
  }

  place(chunk: Buffer, write: (part: Buffer, position: number) => void): void {
    for (let at = 0; at < chunk.length; ) {
      const segment = this.#segments[this.#index];
      if (segment === undefined) return;
      const take = Math.min(segment.length - this.#done, chunk.length - at);
      if (take > 0) write(chunk.subarray(at, at + take), segment.offset + this.#done);
      at += take;
      this.#done += take;
      if (this.#done === segment.length) {
        this.#index++;
        this.#done = 0;
      }
    }
  }
}
