import { HEADER, PLAIN_UDP_LIMIT, RCODE, TYPE } from './codes.ts';
import { skipName } from './records.ts';

/** A well-formed question of a client. */
export interface Query {
  /** The whole message, without what follows it. */
  readonly bytes: Buffer;
  /** Lower case, without the final dot; undefined for one that no container can have: a label with a dot or a blank in it. */
  readonly name: string | undefined;
  readonly type: number;
  readonly class: number;
  /** Offset behind the question. */
  readonly end: number;
  readonly edns: Edns | undefined;
}

export interface Edns {
  readonly version: number;
  /** The largest UDP reply that the client takes. */
  readonly size: number;
  /** The DNSSEC bit, which a reply repeats. */
  readonly dnssec: boolean;
}

/** What is wrong with a message: it is answered with this code. */
export interface BadQuery {
  readonly bytes: Buffer;
  readonly rcode: number;
}

const NAME_LIMIT = 255;
const QR = 0x80;

/** Takes a client's message apart; undefined for one that must not be answered: no query, or too short to have an id. */
export function parseQuery(bytes: Buffer): Query | BadQuery | undefined {
  if (bytes.length < HEADER) return undefined;
  const [flags = 0] = bytes.subarray(2, 3);
  // Answering answers is how two servers keep each other busy for ever.
  if (flags & QR) return undefined;
  if ((flags >> 3) & 0xf) return { bytes, rcode: RCODE.NOTIMP };
  const counts = [4, 6, 8].map((offset) => bytes.readUInt16BE(offset));
  if (counts[0] !== 1 || counts[1] !== 0 || counts[2] !== 0) return { bytes, rcode: RCODE.FORMERR };
  const question = parseQuestion(bytes);
  const additional = question && parseAdditional(bytes, question.end);
  if (!question || !additional) return { bytes, rcode: RCODE.FORMERR };
  return { ...question, bytes: bytes.subarray(0, additional.end), edns: additional.edns };
}

function parseQuestion(bytes: Buffer): Omit<Query, 'bytes' | 'edns'> | undefined {
  let offset = HEADER;
  let name: string | undefined = '';
  for (;;) {
    const length = bytes[offset];
    // No pointer either: there is nothing before the first name to point to.
    if (length === undefined || length > 63 || offset - HEADER + length > NAME_LIMIT) return undefined;
    if (length === 0) break;
    const label = bytes.toString('latin1', offset + 1, offset + 1 + length);
    if (name !== undefined)
      name = /[.\s\0]/.test(label) ? undefined : name === '' ? label : `${name}.${label}`;
    offset += 1 + length;
  }
  const end = offset + 5;
  if (end > bytes.length) return undefined;
  return {
    name: name?.toLowerCase(),
    type: bytes.readUInt16BE(offset + 1),
    class: bytes.readUInt16BE(offset + 3),
    end,
  };
}

/** The records behind the question: of an OPT record there may be one. */
function parseAdditional(bytes: Buffer, start: number): { end: number; edns: Edns | undefined } | undefined {
  let offset = start;
  let edns: Edns | undefined;
  for (let count = bytes.readUInt16BE(10); count > 0; count--) {
    const fixed = skipName(bytes, offset);
    if (fixed === undefined || fixed + 10 > bytes.length) return undefined;
    const end = fixed + 10 + bytes.readUInt16BE(fixed + 8);
    if (end > bytes.length) return undefined;
    if (bytes.readUInt16BE(fixed) === TYPE.OPT) {
      if (edns || bytes[offset] !== 0) return undefined;
      edns = {
        size: Math.max(PLAIN_UDP_LIMIT, bytes.readUInt16BE(fixed + 2)),
        version: bytes.readUInt8(fixed + 5),
        dnssec: (bytes.readUInt8(fixed + 6) & 0x80) !== 0,
      };
    }
    offset = end;
  }
  return { end: offset, edns };
}

/** Identifies what an upstream would be asked: the question whatever its case, and what else changes the answer. */
export function keyOf({ bytes, end, edns }: Query): string {
  // RD of the second byte, AD and CD of the third.
  const flags = (bytes.readUInt8(2) & 0x01) | (bytes.readUInt8(3) & 0x30);
  const options = edns ? (edns.dnssec ? 2 : 1) : 0;
  return `${bytes.toString('latin1', HEADER, end - 4).toLowerCase()}${bytes.toString('latin1', end - 4, end)}${flags},${options}`;
}
