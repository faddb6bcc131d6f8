/** First and last byte, both inclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The one range of a Range header (RFC 9110, 14.2). Undefined: the whole is to be sent (no header, another unit, no
 * range by the grammar, or several); 'unsatisfiable': none of its bytes exist.
 */
export function parseRange(
  header: string | undefined,
  size: number,
): ByteRange | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] = /^bytes=\s*(\d*)-(\d*)\s*$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size - 1 };
  }
  const start = Number(first);
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== '' && Number(last) < start) return undefined;
  return start >= size ? 'unsatisfiable' : { start, end };
}

/** The Content-Range of a chunk that is uploaded: `0-1023`; Docker's registry takes `bytes 0-1023/2048` too. */
export function parseChunkRange(header: string): ByteRange | undefined {
  const [, first, last] = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/.exec(header.trim()) ?? [];
  if (first === undefined || last === undefined) return undefined;
  return Number(last) < Number(first) ? undefined : { start: Number(first), end: Number(last) };
}

/** Does If-None-Match (or If-Range) name this entity tag? */
export function namesTag(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((part) => {
    const name = part.trim().replace(/^W\//, '');
    // Some clients send the bare digest.
    return name === '*' || name === tag || `"${name}"` === tag;
  });
}
