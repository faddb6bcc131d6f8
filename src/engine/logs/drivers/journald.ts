import { codeOf, unavailable } from '#lib/errors';
import { shortId } from '#lib/ids';
import { formatTime } from '#lib/time';
import { DatagramSocket } from '#linux/socket';
import { extraAttributes } from '../attributes.ts';
import type { LogOptions } from '../config.ts';
import type { LogSource } from '../source.ts';
import { renderTag } from '../tag.ts';
import { type LogDriver, type Message, PATIENT, type Sink, severity } from './driver.ts';

const JOURNALD_SOCKET = '/run/systemd/journal/socket';

export const journald: LogDriver = {
  options: ['labels', 'labels-regex', 'env', 'env-regex', 'tag'],
  validate() {},
  open: (options, source) => new JournaldSink(options, source),
};

/** systemd's native journal protocol: one datagram an entry, each a list of fields. */
export class JournaldSink implements Sink {
  readonly retry = PATIENT;
  readonly #path: string;
  /** The fields that all entries have. */
  readonly #common: Buffer;
  #socket: DatagramSocket | undefined;

  constructor(options: LogOptions, source: LogSource, path = JOURNALD_SOCKET) {
    const tag = renderTag(options, source);
    const extra = Object.entries(extraAttributes(options, source)).map(
      ([name, value]) => [fieldName(name), value] as const,
    );
    this.#path = path;
    this.#common = encodeFields({
      CONTAINER_ID: shortId(source.id),
      CONTAINER_ID_FULL: source.id,
      CONTAINER_NAME: source.name,
      CONTAINER_TAG: tag,
      IMAGE_NAME: source.imageName,
      SYSLOG_IDENTIFIER: tag,
      ...Object.fromEntries(extra.filter(([name]) => name !== '')),
    });
  }

  async connect(): Promise<void> {
    try {
      this.#socket ??= new DatagramSocket(this.#path);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ECONNREFUSED') throw error;
      throw unavailable(`journald is not enabled on this host: nobody listens on ${this.#path}`, error);
    }
  }

  async send(
    messages: readonly Message[],
    delivered: (count: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    for (const message of messages) {
      await this.connect();
      try {
        const entry = Buffer.concat([this.#common, encodeMessage(message)]);
        const fits = await this.#socket?.send(entry, signal);
        if (!fits) await this.#socket?.sendMemory(entry, signal);
      } catch (error) {
        await this.disconnect();
        throw error;
      }
      delivered(1);
    }
  }

  async disconnect(): Promise<void> {
    this.#socket?.[Symbol.dispose]();
    this.#socket = undefined;
  }
}

function encodeMessage(message: Message): Buffer {
  const { time, line, partial } = message;
  const fields = encodeFields({
    PRIORITY: String(severity(message)),
    SYSLOG_TIMESTAMP: formatTime(time),
    ...(partial && {
      // The last piece ends the line: with it the message is whole.
      ...(!partial.last && { CONTAINER_PARTIAL_MESSAGE: 'true' }),
      CONTAINER_PARTIAL_ID: partial.id,
      CONTAINER_PARTIAL_ORDINAL: String(partial.ordinal),
      CONTAINER_PARTIAL_LAST: String(partial.last),
    }),
  });
  return Buffer.concat([fields, encodeField('MESSAGE', line)]);
}

const encodeFields = (fields: Readonly<Record<string, string>>): Buffer =>
  Buffer.concat(Object.entries(fields).map(([name, value]) => encodeField(name, Buffer.from(value))));

/** `NAME=value\n`, or with its length in front when the value has line ends of its own. */
function encodeField(name: string, value: Buffer): Buffer {
  if (!value.includes(0x0a)) return Buffer.concat([Buffer.from(`${name}=`), value, NEWLINE]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(value.length));
  return Buffer.concat([Buffer.from(`${name}\n`), length, value, NEWLINE]);
}

const NEWLINE = Buffer.from('\n');

/** journald takes capital letters, digits and underscores; those in front are for its own fields. */
const fieldName = (name: string): string =>
  name
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '_')
    .replace(/^_+/, '');
