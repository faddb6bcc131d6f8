import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { deflateSync, gzipSync } from 'node:zlib';
import { invalid } from '#lib/errors';
import { extraAttributes } from '../attributes.ts';
import type { LogOptions } from '../config.ts';
import type { LogSource } from '../source.ts';
import { renderTag } from '../tag.ts';
import { type Address, parseAddress } from './address.ts';
import { DatagramSink, StreamSink } from './connection-sinks.ts';
import { datagramConnection } from './datagram-connection.ts';
import { type LogDriver, type Message, PATIENT, type RetryPolicy, severity } from './driver.ts';
import { StreamConnection } from './stream-connection.ts';

const COMPRESSION = ['gelf-compression-type', 'gelf-compression-level'];
const RECONNECTING = ['gelf-tcp-max-reconnect', 'gelf-tcp-reconnect-delay'];

export const gelf: LogDriver = {
  options: [
    'gelf-address',
    ...COMPRESSION,
    ...RECONNECTING,
    'labels',
    'labels-regex',
    'env',
    'env-regex',
    'tag',
  ],
  validate(options) {
    const { scheme } = addressOf(options);
    for (const option of COMPRESSION)
      if (options[option] !== undefined && scheme !== 'udp')
        throw invalid(`${option}: compression is only supported on UDP`);
    for (const option of RECONNECTING) {
      if (options[option] === undefined) continue;
      if (scheme !== 'tcp') throw invalid(`"${option}" is only valid for TCP`);
      if (!/^\d{1,9}$/.test(options[option])) throw invalid(`"${option}" must be a positive integer`);
    }
    compression(options);
  },
  open(options, source) {
    const address = addressOf(options);
    const encode = encoder(options, source);
    return address.scheme === 'udp'
      ? new DatagramSink(datagramsOf(encode, compression(options)), datagramConnection(address))
      : new StreamSink(framesOf(encode), new StreamConnection({ address }), retryPolicy(options));
  },
};

function addressOf(options: LogOptions): Address {
  const text = options['gelf-address'];
  if (!text) throw invalid('gelf-address is a required parameter');
  return parseAddress(text, { option: 'gelf-address', schemes: ['udp', 'tcp'] });
}

/** Unless it is said how often, a receiver that is away is waited for. */
function retryPolicy(options: LogOptions): RetryPolicy {
  const attempts = options['gelf-tcp-max-reconnect'];
  const delay = options['gelf-tcp-reconnect-delay'];
  return {
    attempts: attempts === undefined ? Number.POSITIVE_INFINITY : Number(attempts),
    delay: delay === undefined ? PATIENT.delay : () => Number(delay) * 1000,
  };
}

type Compress = (data: Buffer) => Buffer;

function compression(options: LogOptions): Compress {
  const level = Number(options['gelf-compression-level'] ?? '1');
  const unknown = (option: string) =>
    invalid(`unknown value "${options[option]}" for log opt "${option}" for gelf log driver`);
  if (!Number.isInteger(level) || level < -1 || level > 9) throw unknown('gelf-compression-level');
  switch (options['gelf-compression-type'] ?? 'gzip') {
    case 'gzip':
      return (data) => gzipSync(data, { level });
    case 'zlib':
      return (data) => deflateSync(data, { level });
    case 'none':
      return (data) => data;
    default:
      throw unknown('gelf-compression-type');
  }
}

type Encode = (message: Message) => Buffer;

/** GELF 1.1 as Docker fills it in. */
function encoder(options: LogOptions, source: LogSource): Encode {
  const extra = Object.entries(extraAttributes(options, source)).map(
    ([name, value]) => [name.startsWith('_') ? name : `_${name}`, value] as const,
  );
  const common = {
    _container_id: source.id,
    _container_name: source.name,
    _image_id: source.imageId,
    _image_name: source.imageName,
    _command: source.command.join(' '),
    _tag: renderTag(options, source),
    _created: source.created,
    ...Object.fromEntries(extra),
  };
  const host = hostname();
  return (message) =>
    Buffer.from(
      JSON.stringify({
        version: '1.1',
        host,
        short_message: message.line.toString(),
        timestamp: Number(message.time / 1_000_000n) / 1000,
        level: severity(message),
        ...common,
      }),
    );
}

/** A message must say something. */
const isSayable = ({ line }: Message): boolean => line.length > 0;

/** Over TCP a NUL ends each message. */
const framesOf = (encode: Encode) => (messages: readonly Message[]) =>
  Buffer.concat(messages.filter(isSayable).flatMap((message) => [encode(message), NUL]));
const NUL = Buffer.alloc(1);

const datagramsOf = (encode: Encode, compress: Compress) => (message: Message) =>
  isSayable(message) ? gelfDatagrams(compress(encode(message))) : [];

/** What fits into an Ethernet frame. */
const DATAGRAM_SIZE = 1420;
const CHUNK_HEADER = 12;
const MAX_CHUNKS = 128;

/** A message as one datagram, or cut into chunks; none at all when it is longer than GELF allows. */
export function gelfDatagrams(data: Buffer): Buffer[] {
  if (data.length <= DATAGRAM_SIZE) return [data];
  const size = DATAGRAM_SIZE - CHUNK_HEADER;
  const count = Math.ceil(data.length / size);
  if (count > MAX_CHUNKS) return [];
  const id = randomBytes(8);
  return Array.from({ length: count }, (_, number) =>
    Buffer.concat([
      Buffer.from([0x1e, 0x0f]),
      id,
      Buffer.from([number, count]),
      data.subarray(number * size, (number + 1) * size),
    ]),
  );
}
