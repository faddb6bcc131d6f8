/** netlink(7) messages: a header, a fixed part per type, then attributes; all aligned to 4 bytes. */

/** `nlmsghdr`: length, type, flags, sequence, port. */
export const HEADER_SIZE = 16;

export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_DUMP = 0x300;
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

/** Marks an attribute that holds attributes; older families neither set nor want it. */
export const NLA_F_NESTED = 0x8000;
const NLA_TYPE_MASK = 0x3fff;
const NLMSGERR_ATTR_MSG = 1;

const align = (length: number): number => (length + 3) & ~3;

export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly port: number;
  readonly payload: Buffer;
}

export const u8 = (value: number): Buffer => Buffer.from([value]);
export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}
export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}
export function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}
/** Network order, as netfilter's families write numbers. */
export function be32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}
/** Text with the NUL that the kernel expects at its end. */
export const text = (value: string): Buffer => Buffer.from(`${value}\0`);

/** An attribute of bytes, or of nested attributes. */
export function attribute(type: number, value: Buffer | readonly Buffer[]): Buffer {
  const content = Buffer.isBuffer(value) ? value : Buffer.concat(value);
  const length = 4 + content.length;
  const bytes = Buffer.alloc(align(length));
  bytes.writeUInt16LE(length, 0);
  bytes.writeUInt16LE(type, 2);
  content.copy(bytes, 4);
  return bytes;
}

export function message(type: number, flags: number, sequence: number, parts: readonly Buffer[]): Buffer {
  const length = HEADER_SIZE + parts.reduce((sum, part) => sum + part.length, 0);
  const header = Buffer.alloc(HEADER_SIZE);
  header.writeUInt32LE(length, 0);
  header.writeUInt16LE(type, 4);
  header.writeUInt16LE(flags, 6);
  header.writeUInt32LE(sequence, 8);
  return Buffer.concat([header, ...parts], align(length));
}

/** Takes a datagram apart; stops at the first message whose length cannot be. */
export function* parseMessages(datagram: Buffer): Generator<Message> {
  for (let offset = 0; offset + HEADER_SIZE <= datagram.length; ) {
    const length = datagram.readUInt32LE(offset);
    if (length < HEADER_SIZE || offset + length > datagram.length) return;
    yield {
      type: datagram.readUInt16LE(offset + 4),
      flags: datagram.readUInt16LE(offset + 6),
      sequence: datagram.readUInt32LE(offset + 8),
      port: datagram.readUInt32LE(offset + 12),
      payload: datagram.subarray(offset + HEADER_SIZE, offset + length),
    };
    offset += align(length);
  }
}

/** Attributes by type (without its flags); of several with one type the last counts. */
export function parseAttributes(bytes: Buffer): Map<number, Buffer> {
  const attributes = new Map<number, Buffer>();
  for (let offset = 0; offset + 4 <= bytes.length; ) {
    const length = bytes.readUInt16LE(offset);
    if (length < 4 || offset + length > bytes.length) break;
    attributes.set(
      bytes.readUInt16LE(offset + 2) & NLA_TYPE_MASK,
      bytes.subarray(offset + 4, offset + length),
    );
    offset += align(length);
  }
  return attributes;
}

/** A text attribute without its NUL. */
export const toText = (value: Buffer | undefined): string =>
  value?.toString('utf8').replace(/\0+$/, '') ?? '';

/** `NLMSG_ERROR`: errno (0 for an acknowledgement) and what the kernel says about it. */
export function parseError({ flags, payload }: Message): { errno: number; detail: string | undefined } {
  const errno = -payload.readInt32LE(0);
  if (!(flags & NLM_F_ACK_TLVS)) return { errno, detail: undefined };
  // The request follows the errno: its header only when capped.
  const echoed = flags & NLM_F_CAPPED ? HEADER_SIZE : align(payload.readUInt32LE(4));
  const detail = toText(parseAttributes(payload.subarray(4 + echoed)).get(NLMSGERR_ATTR_MSG));
  return { errno, detail: detail || undefined };
}
