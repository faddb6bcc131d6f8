import { HEADER, TYPE } from './codes.ts';

/** Offset behind the name at `offset`; undefined when it does not end within the message. Pointers are not followed. */
export function skipName(bytes: Buffer, offset: number): number | undefined {
  for (let at = offset; ; ) {
    const length = bytes[at];
    if (length === undefined) return undefined;
    if (length === 0) return at + 1;
    // A pointer ends a name.
    if (length >= 0xc0) return at + 2 <= bytes.length ? at + 2 : undefined;
    if (length > 63) return undefined;
    at += 1 + length;
  }
}

/** A record of a message, by offsets. */
export interface Record {
  readonly section: 'answer' | 'authority' | 'additional';
  readonly type: number;
  /** Where its 32 bits of time to live are. */
  readonly ttlAt: number;
  readonly dataAt: number;
  readonly end: number;
}

/** All records behind the one question of a message; undefined when they do not fit into it. */
export function listRecords(bytes: Buffer, questionEnd: number): Record[] | undefined {
  const records: Record[] = [];
  let offset = questionEnd;
  for (const [index, section] of (['answer', 'authority', 'additional'] as const).entries()) {
    for (let count = bytes.readUInt16BE(6 + 2 * index); count > 0; count--) {
      const fixed = skipName(bytes, offset);
      if (fixed === undefined || fixed + 10 > bytes.length) return undefined;
      const end = fixed + 10 + bytes.readUInt16BE(fixed + 8);
      if (end > bytes.length) return undefined;
      records.push({ section, type: bytes.readUInt16BE(fixed), ttlAt: fixed + 4, dataAt: fixed + 10, end });
      offset = end;
    }
  }
  return records;
}

/** Whether a message has the one question of another, in whatever case. */
export function sameQuestion(
  bytes: Buffer,
  query: { readonly bytes: Buffer; readonly end: number },
): boolean {
  const { end } = query;
  if (bytes.length < end || bytes.readUInt16BE(4) !== 1) return false;
  // Lengths of labels are below 64, so that lower case leaves them alone; type and class are compared as they are.
  return (
    bytes.compare(query.bytes, end - 4, end, end - 4, end) === 0 &&
    bytes.toString('latin1', HEADER, end - 4).toLowerCase() ===
      query.bytes.toString('latin1', HEADER, end - 4).toLowerCase()
  );
}

const bounded = (ttl: number): number => (ttl > 0x7fffffff ? 0 : ttl);

/**
 * Seconds that a message may be kept: the least of its records', for a negative answer also what its SOA says
 * (RFC 2308); 0: not at all.
 */
export function timeToLive(bytes: Buffer, records: readonly Record[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const { type, ttlAt } of records) {
    if (type !== TYPE.OPT) least = Math.min(least, bounded(bytes.readUInt32BE(ttlAt)));
  }
  const negative = !records.some(({ section }) => section === 'answer');
  if (negative) {
    const soa = records.find(({ section, type }) => section === 'authority' && type === TYPE.SOA);
    if (!soa || soa.end - soa.dataAt < 22) return 0;
    // MINIMUM is the last of the five numbers of an SOA.
    least = Math.min(least, bounded(bytes.readUInt32BE(soa.end - 4)));
  }
  return Number.isFinite(least) ? least : 0;
}
