import { bitsOf, parseAddress as numberOf } from '#lib/address';
import { invalid } from '#lib/errors';
import { parseAddress } from '../netlink/address.ts';

/** Datatypes of nft(8) that are encoded here, and their length in bytes. */
const LENGTHS = { ipv4_addr: 4, ipv6_addr: 16, inet_proto: 1, inet_service: 2, ifname: 16 } as const;

export type FieldType = keyof typeof LENGTHS;

/** What is in a set or a map. */
export interface SetType {
  readonly key: readonly FieldType[];
  /** Of a map. */
  readonly value?: readonly FieldType[];
  /** Keys are ranges: each field from one value to another. */
  readonly interval: boolean;
}

/**
 * The type of `type ipv4_addr . inet_service : ipv4_addr; flags interval;`. Undefined for what is not encoded here:
 * verdicts, other datatypes, and ranges of a single field, which the kernel has another form for.
 */
export function parseSetType(definition: string): SetType | undefined {
  const [, types, flags = ''] = /^type ([^;]+);(?: flags ([a-z, ]+);)?$/.exec(definition) ?? [];
  if (types === undefined || (flags !== '' && flags !== 'interval')) return undefined;
  const [key, value] = types.split(' : ').map((fields) => fields.split(' . '));
  const interval = flags === 'interval';
  if (!key?.every(isField)) return undefined;
  if (interval && (key.length === 1 || value)) return undefined;
  if (!value) return { key, interval };
  return value.every(isField) ? { key, value, interval } : undefined;
}

const isField = (name: string): name is FieldType => name in LENGTHS;

/** Bytes of a value of several fields: each begins at a register of four. */
export function widthOf(fields: readonly FieldType[]): number {
  if (fields.length === 1) return LENGTHS[fields[0] ?? 'inet_proto'];
  return fields.reduce((sum, field) => sum + padded(LENGTHS[field]), 0);
}

const padded = (length: number): number => (length + 3) & ~3;

/** One field of an element: both ends of what is a range. */
export interface FieldValue {
  readonly first: Buffer;
  readonly last: Buffer;
}

/** Reads the text of a value; the same text is read once. */
export class FieldReader {
  readonly #known = new Map<string, FieldValue>();

  /** @throws invalid */
  read(types: readonly FieldType[], value: string, interval: boolean): FieldValue[] {
    const texts = value.split(' . ');
    if (texts.length !== types.length) throw invalid(`invalid element of an nftables set: ${value}`);
    return types.map((type, index) => this.#field(type, texts[index] ?? '', interval));
  }

  #field(type: FieldType, text: string, interval: boolean): FieldValue {
    // Of these each is another one.
    if (type === 'inet_service' && !interval) return single(encode(type, text));
    const name = `${type} ${text}`;
    const known = this.#known.get(name);
    if (known) return known;
    const field = interval ? rangeOf(type, text) : single(encode(type, text));
    this.#known.set(name, field);
    return field;
  }
}

const single = (value: Buffer): FieldValue => ({ first: value, last: value });

/** Writes one end of the fields side by side, each at a register of its own. */
export function writeFields(
  target: Buffer,
  offset: number,
  fields: readonly FieldValue[],
  end: keyof FieldValue,
): void {
  let at = offset;
  for (const field of fields) {
    const value = field[end];
    value.copy(target, at);
    at += padded(value.length);
  }
}

/** `10.0.0.0/8`, `80-443`, or one value. Of an interface's name both are part. */
function rangeOf(type: FieldType, text: string): FieldValue {
  if (type === 'ifname') return single(encode(type, text));
  const [base = '', prefix] = text.split('/');
  if (prefix !== undefined) return blockOf(type, base, Number(prefix));
  const [first = '', last = first] = text.split('-');
  return { first: encode(type, first), last: encode(type, last) };
}

function blockOf(type: FieldType, base: string, prefix: number): FieldValue {
  const first = encode(type, base);
  const { family, value } = numberOf(base) ?? { family: 4, value: 0n };
  const bits = bitsOf(family);
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > bits) {
    throw invalid(`invalid block in an nftables set: ${base}/${prefix}`);
  }
  const rest = (1n << BigInt(bits - prefix)) - 1n;
  const last = Buffer.from((value | rest).toString(16).padStart(bits / 4, '0'), 'hex');
  return { first, last };
}

const PROTOCOLS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132 };
const WHOLE = /^\d+$/;

/** @throws invalid */
function encode(type: FieldType, text: string): Buffer {
  switch (type) {
    case 'inet_service':
      return numeric(text, 2, WHOLE.test(text) ? Number(text) : undefined);
    case 'inet_proto':
      return numeric(text, 1, PROTOCOLS[text]);
    case 'ifname':
      return nameOf(text);
    default: {
      const { bytes } = parseAddress(text);
      if (bytes.length !== LENGTHS[type]) throw invalid(`invalid address in an nftables set: ${text}`);
      return bytes;
    }
  }
}

function numeric(text: string, length: number, value: number | undefined): Buffer {
  if (value === undefined || value >= 2 ** (8 * length)) {
    throw invalid(`invalid value in an nftables set: ${text}`);
  }
  const bytes = Buffer.alloc(length);
  bytes.writeUIntBE(value, 0, length);
  return bytes;
}

/** `"eth0"`: as many bytes as the kernel has for a name. */
function nameOf(text: string): Buffer {
  const name = /^"([^"]+)"$/.exec(text)?.[1];
  const bytes = Buffer.alloc(LENGTHS.ifname);
  if (name === undefined || Buffer.byteLength(name) >= bytes.length) {
    throw invalid(`invalid interface in an nftables set: ${text}`);
  }
  bytes.write(name);
  return bytes;
}
