import { invalid } from '#lib/errors';

/**
 * A number of a tar header: octal digits, or base-256 (GNU, star) when the top bit of the first byte is
 * set, as two's complement. @throws invalid when it is neither or no safe integer
 */
export function readNumber(block: Buffer, offset: number, length: number): number {
  const first = block[offset] ?? 0;
  return first & 0x80 ? readBase256(block, offset, length) : readOctal(block, offset, length);
}

function readBase256(block: Buffer, offset: number, length: number): number {
  const first = block[offset] ?? 0;
  let value = first & 0x40 ? -1n : 0n;
  value = (value << 6n) | BigInt(first & 0x3f);
  for (let i = 1; i < length; i++) value = (value << 8n) | BigInt(block[offset + i] ?? 0);
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw invalid(`broken tar archive: number ${value} is out of range`);
  return number;
}

const SPACE = 32;
const ZERO = 48;

/** Leading spaces, digits, then NUL or space; all blank is 0. */
function readOctal(block: Buffer, offset: number, length: number): number {
  const end = offset + length;
  let at = offset;
  while (at < end && (block[at] === SPACE || block[at] === 0)) at++;
  let value = 0;
  for (; at < end; at++) {
    const byte = block[at] ?? 0;
    if (byte === SPACE || byte === 0) break;
    if (byte < ZERO || byte > ZERO + 7) throw invalid('broken tar archive: a header has a malformed number');
    value = value * 8 + byte - ZERO;
  }
  return value;
}

/** Octal digits and a NUL, filling the field; false when the number does not fit. */
export function writeOctal(block: Buffer, offset: number, length: number, value: number): boolean {
  const digits = value.toString(8);
  if (value < 0 || digits.length > length - 1) return false;
  block.write(`${digits.padStart(length - 1, '0')}\0`, offset, 'latin1');
  return true;
}

/** Decimal digits as PAX has them. @throws invalid */
export function readDecimal(text: string, what: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number)) {
    throw invalid(`broken tar archive: ${what} is "${text.slice(0, 40)}"`);
  }
  return number;
}

const NANOSECONDS = 1_000_000_000n;

/** Nanoseconds of PAX's `-12.345`: any number of digits, those after the ninth dropped. @throws invalid */
export function readPaxTime(text: string): bigint {
  const [, sign, seconds, fraction = ''] = /^(-?)(\d{1,18})(?:\.(\d*))?$/.exec(text) ?? [];
  if (seconds === undefined) throw invalid(`broken tar archive: time is "${text.slice(0, 40)}"`);
  const nanoseconds = BigInt(seconds) * NANOSECONDS + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
  return sign ? -nanoseconds : nanoseconds;
}

export function formatPaxTime(nanoseconds: bigint): string {
  const magnitude = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const fraction = (magnitude % NANOSECONDS).toString().padStart(9, '0').replace(/0+$/, '');
  return `${nanoseconds < 0n ? '-' : ''}${magnitude / NANOSECONDS}${fraction && `.${fraction}`}`;
}

export const secondsToNanoseconds = (seconds: number): bigint => BigInt(seconds) * NANOSECONDS;
