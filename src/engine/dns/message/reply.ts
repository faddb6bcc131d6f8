import { CLASS_IN, HEADER, PLAIN_UDP_LIMIT, TYPE } from './codes.ts';
import type { BadQuery, Query } from './query.ts';

/** A record that we make. */
export interface Answer {
  readonly type: number;
  readonly data: Buffer;
  /** The owner's name in wire form; the question's without it. */
  readonly owner?: Buffer;
}

export interface Reply {
  readonly rcode: number;
  readonly answers?: readonly Answer[];
  readonly additional?: readonly Answer[];
  /** Seconds. */
  readonly ttl?: number;
}

/** The size of UDP messages that we take, and say so. */
const OUR_UDP_SIZE = 4096;
const OPT_SIZE = 11;
const QR = 0x80;
const TC = 0x02;
const RA = 0x80;
/** Points to the question's name. */
const QUESTION_NAME = Buffer.from([0xc0, HEADER]);

/** How large a reply to this query may be by UDP. */
export const udpLimit = (query: Query): number => query.edns?.size ?? PLAIN_UDP_LIMIT;

/** Answers what is no question; without the question, which may not be there. */
export function refuse({ bytes, rcode }: BadQuery): Buffer {
  const reply = Buffer.alloc(HEADER);
  bytes.copy(reply, 0, 0, 4);
  reply.writeUInt8((reply.readUInt8(2) & 0x79) | QR, 2);
  reply.writeUInt8(RA | rcode, 3);
  return reply;
}

/** A reply of ours. What does not fit is left out and said to be: TC. */
export function encodeReply(query: Query, reply: Reply, limit: number): Buffer {
  const { rcode, answers = [], additional = [], ttl = 0 } = reply;
  const room = limit - query.end - (query.edns ? OPT_SIZE : 0);
  const fitting = fit(answers, room);
  const truncated = fitting.count < answers.length;
  // Additional records are a courtesy: they go without a TC.
  const extra = truncated ? { count: 0, size: 0 } : fit(additional, room - fitting.size);
  const bytes = Buffer.allocUnsafe(query.end + fitting.size + extra.size + (query.edns ? OPT_SIZE : 0));
  writeHead(bytes, query, rcode, truncated);
  bytes.writeUInt16BE(fitting.count, 6);
  bytes.writeUInt16BE(0, 8);
  bytes.writeUInt16BE(extra.count + (query.edns ? 1 : 0), 10);
  let offset = query.end;
  for (const answer of answers.slice(0, fitting.count)) offset = writeRecord(bytes, offset, answer, ttl);
  for (const answer of additional.slice(0, extra.count)) offset = writeRecord(bytes, offset, answer, ttl);
  if (query.edns) writeOpt(bytes, offset, query.edns.dnssec, rcode);
  return bytes;
}

const sizeOf = ({ owner = QUESTION_NAME, data }: Answer): number => owner.length + 10 + data.length;

function fit(answers: readonly Answer[], room: number): { count: number; size: number } {
  let size = 0;
  for (const [count, answer] of answers.entries()) {
    if (size + sizeOf(answer) > room) return { count, size };
    size += sizeOf(answer);
  }
  return { count: answers.length, size };
}

/** The query's own id, opcode, RD, CD and question. */
function writeHead(bytes: Buffer, query: Query, rcode: number, truncated: boolean): void {
  query.bytes.copy(bytes, 0, 0, query.end);
  bytes.writeUInt8((query.bytes.readUInt8(2) & 0x79) | QR | (truncated ? TC : 0), 2);
  bytes.writeUInt8((query.bytes.readUInt8(3) & 0x10) | RA | (rcode & 0xf), 3);
}

function writeRecord(bytes: Buffer, offset: number, answer: Answer, ttl: number): number {
  const { owner = QUESTION_NAME, type, data } = answer;
  let at = offset + owner.copy(bytes, offset);
  at = bytes.writeUInt16BE(type, at);
  at = bytes.writeUInt16BE(CLASS_IN, at);
  at = bytes.writeUInt32BE(ttl, at);
  at = bytes.writeUInt16BE(data.length, at);
  return at + data.copy(bytes, at);
}

function writeOpt(bytes: Buffer, offset: number, dnssec: boolean, rcode: number): void {
  let at = bytes.writeUInt8(0, offset);
  at = bytes.writeUInt16BE(TYPE.OPT, at);
  at = bytes.writeUInt16BE(OUR_UDP_SIZE, at);
  at = bytes.writeUInt8(rcode >> 4, at);
  at = bytes.writeUInt8(0, at);
  at = bytes.writeUInt16BE(dnssec ? 0x8000 : 0, at);
  bytes.writeUInt16BE(0, at);
}

/** An upstream's message as the reply to a query with the same question: its id, and the name spelt as it was asked. */
export function relay(message: Buffer, query: Query, limit: number): Buffer {
  const whole = message.length <= limit;
  const end = query.edns ? query.end + OPT_SIZE : query.end;
  const bytes = whole ? Buffer.from(message) : Buffer.alloc(end);
  if (!whole) {
    message.copy(bytes, 0, 0, query.end);
    bytes.writeUInt8(bytes.readUInt8(2) | TC, 2);
    bytes.fill(0, 6, HEADER);
    if (query.edns) {
      bytes.writeUInt16BE(1, 10);
      writeOpt(bytes, query.end, query.edns.dnssec, 0);
    }
  }
  query.bytes.copy(bytes, 0, 0, 2);
  query.bytes.copy(bytes, HEADER, HEADER, query.end);
  return bytes;
}
