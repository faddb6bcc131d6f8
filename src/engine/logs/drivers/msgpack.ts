/** What is written of MessagePack (msgpack.org, as fluentd's forward protocol uses it). */
export type Packable =
  | null
  | boolean
  | number
  | string
  /** Bytes that are written as a string: log lines need not be UTF-8. */
  | Buffer
  | EventTime
  | readonly Packable[]
  | { readonly [key: string]: Packable };

/** Extension 0: seconds and nanoseconds. */
export class EventTime {
  /** Nanoseconds since the epoch. */
  readonly time: bigint;

  constructor(time: bigint) {
    this.time = time;
  }
}

export function pack(value: Packable): Buffer {
  const parts: Buffer[] = [];
  write(value, parts);
  return Buffer.concat(parts);
}

function write(value: Packable, parts: Buffer[]): void {
  if (value === null) parts.push(Buffer.from([0xc0]));
  else if (typeof value === 'boolean') parts.push(Buffer.from([value ? 0xc3 : 0xc2]));
  else if (typeof value === 'number') parts.push(integer(value));
  else if (typeof value === 'string') writeString(Buffer.from(value), parts);
  else if (Buffer.isBuffer(value)) writeString(value, parts);
  else if (value instanceof EventTime) parts.push(eventTime(value));
  else if (Array.isArray(value)) {
    parts.push(head(value.length, { fix: 0x90, fixed: 15, two: 0xdc }));
    for (const item of value) write(item, parts);
  } else {
    const entries = Object.entries(value as { readonly [key: string]: Packable });
    parts.push(head(entries.length, { fix: 0x80, fixed: 15, two: 0xde }));
    for (const [key, item] of entries) {
      write(key, parts);
      write(item, parts);
    }
  }
}

function writeString(bytes: Buffer, parts: Buffer[]): void {
  parts.push(head(bytes.length, { fix: 0xa0, fixed: 31, one: 0xd9, two: 0xda }), bytes);
}

/** A length in the shortest form: in the type's byte, or after it in one, two or four (whose type is the next number). */
function head(
  length: number,
  types: { readonly fix: number; readonly fixed: number; readonly one?: number; readonly two: number },
): Buffer {
  if (length <= types.fixed) return Buffer.from([types.fix | length]);
  if (length <= 0xff && types.one !== undefined) return Buffer.from([types.one, length]);
  if (length <= 0xffff) return Buffer.from([types.two, length >> 8, length & 0xff]);
  const bytes = Buffer.alloc(5);
  bytes[0] = types.two + 1;
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

/** Whole and not negative. */
function integer(value: number): Buffer {
  if (value < 128) return Buffer.from([value]);
  const bytes = Buffer.alloc(9);
  bytes[0] = 0xcf;
  bytes.writeBigUInt64BE(BigInt(value), 1);
  return bytes;
}

function eventTime({ time }: EventTime): Buffer {
  const bytes = Buffer.alloc(10);
  bytes[0] = 0xd7;
  bytes.writeUInt32BE(Number(time / 1_000_000_000n), 2);
  bytes.writeUInt32BE(Number(time % 1_000_000_000n), 6);
  return bytes;
}

/** A value of strings, numbers, lists and maps: what receivers answer. Undefined while it is not all there. @throws RangeError for other types */
export function unpack(bytes: Buffer): { readonly value: unknown; readonly length: number } | undefined {
  const reader = new Reader(bytes);
  const value = reader.value();
  return reader.short ? undefined : { value, length: reader.at };
}

class Reader {
  readonly #bytes: Buffer;
  at = 0;
  /** There should have been more bytes. */
  short = false;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  value(): unknown {
    const type = this.#number(1);
    if (this.short) return undefined;
    if (type < 0x80) return type;
    if (type < 0x90) return this.#map(type & 0x0f);
    if (type < 0xa0) return this.#list(type & 0x0f);
    if (type < 0xc0) return this.#string(type & 0x1f);
    if (type >= 0xe0) return type - 256;
    switch (type) {
      case 0xc0:
        return null;
      case 0xc2:
      case 0xc3:
        return type === 0xc3;
      case 0xc4:
      case 0xd9:
        return this.#string(this.#number(1));
      case 0xc5:
      case 0xda:
        return this.#string(this.#number(2));
      case 0xc6:
      case 0xdb:
        return this.#string(this.#number(4));
      case 0xcc:
        return this.#number(1);
      case 0xcd:
        return this.#number(2);
      case 0xce:
        return this.#number(4);
      case 0xcf:
        return this.#number(4) * 2 ** 32 + this.#number(4);
      case 0xd7:
        this.#number(1);
        return new EventTime(BigInt(this.#number(4)) * 1_000_000_000n + BigInt(this.#number(4)));
      case 0xdc:
        return this.#list(this.#number(2));
      case 0xdd:
        return this.#list(this.#number(4));
      case 0xde:
        return this.#map(this.#number(2));
      case 0xdf:
        return this.#map(this.#number(4));
      default:
        throw new RangeError(`not a MessagePack type that is known here: 0x${type.toString(16)}`);
    }
  }

  #map(length: number): Record<string, unknown> {
    const entries: Record<string, unknown> = {};
    for (let i = 0; i < length && !this.short; i++) entries[String(this.value())] = this.value();
    return entries;
  }

  #list(length: number): unknown[] {
    const items: unknown[] = [];
    for (let i = 0; i < length && !this.short; i++) items.push(this.value());
    return items;
  }

  #string(length: number): string {
    return this.#take(length)?.toString() ?? '';
  }

  #number(length: number): number {
    return this.#take(length)?.readUIntBE(0, length) ?? 0;
  }

  #take(length: number): Buffer | undefined {
    if (this.at + length > this.#bytes.length) this.short = true;
    if (this.short) return undefined;
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }
}
