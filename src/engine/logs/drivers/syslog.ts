import { existsSync } from 'node:fs';
import { codeOf, invalid, unavailable } from '#lib/errors';
import type { LogOptions } from '../config.ts';
import { renderTag } from '../tag.ts';
import { type Address, parseAddress } from './address.ts';
import { DatagramSink, StreamSink } from './connection-sinks.ts';
import { datagramConnection } from './datagram-connection.ts';
import { type LogDriver, type Message, PATIENT, type Sink, severity } from './driver.ts';
import { StreamConnection } from './stream-connection.ts';
import { SYSLOG_FORMATS, type SyslogFormat, syslogHeader } from './syslog-format.ts';

const FACILITIES =
  'kern user mail daemon auth syslog lpr news uucp cron authpriv ftp . . . . local0 local1 local2 local3 local4 local5 local6 local7'.split(
    ' ',
  );
const DAEMON = 3;
/** Where the host's own syslog listens. */
const LOCAL_SOCKETS = ['/dev/log', '/var/run/syslog', '/var/run/log'];

export const syslog: LogDriver = {
  options: [
    'syslog-address',
    'syslog-facility',
    'syslog-format',
    'syslog-tls-ca-cert',
    'syslog-tls-cert',
    'syslog-tls-key',
    'syslog-tls-skip-verify',
    'labels',
    'labels-regex',
    'env',
    'env-regex',
    'tag',
  ],
  validate(options) {
    const address = addressOf(options);
    if (address && 'path' in address && !existsSync(address.path))
      throw invalid(`syslog-address: stat ${address.path}: no such file or directory`);
    facilityOf(options);
    formatOf(options);
  },
  open(options, source) {
    const address = addressOf(options) ?? localSocket();
    const format = formatOf(options);
    const tag = renderTag(options, source);
    const facility = facilityOf(options);
    const encode: Encode = (message) => {
      const header = syslogHeader(format, message, { priority: facility * 8 + severity(message), tag });
      return [Buffer.from(header), message.line];
    };
    if (address.scheme === 'unixgram' || address.scheme === 'udp')
      return new DatagramSink(datagramsOf(encode), datagramConnection(address));
    const secure = address.scheme === 'tcp+tls';
    const connection = new StreamConnection({ address, tls: secure ? tlsFiles(options) : undefined });
    const frame = secure && format?.startsWith('rfc5424') ? octetCounted : newlineEnded;
    const stream = new StreamSink(
      framesOf((message) => frame(encode(message))),
      connection,
    );
    return address.scheme === 'unix' ? new EitherSink(stream, encode, address.path) : stream;
  },
};

/** Undefined: the host's own. */
function addressOf(options: LogOptions): Address | undefined {
  const text = options['syslog-address'];
  if (!text) return undefined;
  const schemes = ['udp', 'tcp', 'tcp+tls', 'unix', 'unixgram'] as const;
  return parseAddress(text, { option: 'syslog-address', schemes, port: 514 });
}

function localSocket(): Address {
  const path = LOCAL_SOCKETS.find((candidate) => existsSync(candidate));
  if (path === undefined)
    throw unavailable(`there is no syslog on this host (no ${LOCAL_SOCKETS[0]}): give a syslog-address`);
  return { scheme: 'unix', path };
}

function facilityOf(options: LogOptions): number {
  const text = options['syslog-facility'];
  if (!text) return DAEMON;
  const number = /^\d{1,2}$/.test(text) ? Number(text) : text === '.' ? -1 : FACILITIES.indexOf(text);
  if (number < 0 || number >= FACILITIES.length) throw invalid(`invalid syslog facility: ${text}`);
  return number;
}

function formatOf(options: LogOptions): SyslogFormat {
  const text = options['syslog-format'];
  if (!text) return undefined;
  const format = SYSLOG_FORMATS.find((known) => known === text);
  if (!format) throw invalid(`invalid syslog format: ${text} (use ${SYSLOG_FORMATS.join(', ')})`);
  return format;
}

const tlsFiles = (options: LogOptions) => ({
  ca: options['syslog-tls-ca-cert'],
  cert: options['syslog-tls-cert'],
  key: options['syslog-tls-key'],
  // It is there or it is not, as for Docker: its value says nothing.
  skipVerify: options['syslog-tls-skip-verify'] !== undefined,
});

/** In parts, which nobody puts together before all of a batch are there. */
type Encode = (message: Message) => readonly Buffer[];

/** RFC 6587: a line each, or (RFC 5425, over TLS) the length in front. */
const newlineEnded = (entry: readonly Buffer[]): readonly Buffer[] => [...entry, NEWLINE];
const octetCounted = (entry: readonly Buffer[]): readonly Buffer[] => {
  const length = entry.reduce((sum, part) => sum + part.length, 0);
  return [Buffer.from(`${length} `), ...entry];
};
const NEWLINE = Buffer.from('\n');

const framesOf = (encode: Encode) => (messages: readonly Message[]) =>
  Buffer.concat(messages.flatMap(encode));
const datagramsOf = (encode: Encode) => (message: Message) => [Buffer.concat(encode(message))];

/** A unix socket of which only the connection tells whether it is a stream's or one for datagrams: /dev/log is either. */
class EitherSink implements Sink {
  readonly retry = PATIENT;
  #sink: Sink;
  readonly #datagrams: () => Sink;

  constructor(stream: StreamSink, encode: Encode, path: string) {
    this.#sink = stream;
    this.#datagrams = () =>
      new DatagramSink(datagramsOf(encode), datagramConnection({ scheme: 'unixgram', path }));
  }

  async connect(signal: AbortSignal): Promise<void> {
    try {
      await this.#sink.connect(signal);
    } catch (error) {
      if (codeOf(error) !== 'EPROTOTYPE') throw error;
      this.#sink = this.#datagrams();
      await this.#sink.connect(signal);
    }
  }

  async send(
    messages: readonly Message[],
    delivered: (count: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    await this.connect(signal);
    await this.#sink.send(messages, delivered, signal);
  }

  disconnect(): Promise<void> {
    return this.#sink.disconnect();
  }
}
