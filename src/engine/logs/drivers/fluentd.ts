import { randomBytes } from 'node:crypto';
import { parseDuration } from '#lib/durations';
import { invalid, messageOf, unavailable } from '#lib/errors';
import { type Attributes, extraAttributes } from '../attributes.ts';
import type { LogOptions } from '../config.ts';
import { booleanOption, sizeOption, wholeOption } from '../option-values.ts';
import type { LogSource } from '../source.ts';
import { renderTag } from '../tag.ts';
import { type Address, hostAndPort, parseAddress } from './address.ts';
import { type LogDriver, type Message, PATIENT, type RetryPolicy, type Sink } from './driver.ts';
import { EventTime, type Packable, pack, unpack } from './msgpack.ts';
import { StreamConnection } from './stream-connection.ts';

const PORT = 24224;
/** fluent-logger's. */
const GROWTH = 1.5;
const LONGEST_WAIT = 60_000;

export const fluentd: LogDriver = {
  options: [
    'fluentd-address',
    'fluentd-async',
    'fluentd-async-reconnect-interval',
    'fluentd-buffer-limit',
    'fluentd-max-retries',
    'fluentd-read-timeout',
    'fluentd-request-ack',
    'fluentd-retry-wait',
    'fluentd-sub-second-precision',
    'fluentd-write-timeout',
    'labels',
    'labels-regex',
    'env',
    'env-regex',
    'tag',
  ],
  validate: (options) => void settingsOf(options),
  open: (options, source) => new FluentdSink(settingsOf(options), options, source),
};

interface Settings {
  readonly address: Address;
  /** A start does not wait for the receiver. */
  readonly async: boolean;
  readonly requestAck: boolean;
  readonly subSecond: boolean;
  /** Bytes that are on their way without the receiver having them. */
  readonly bufferLimit: number;
  readonly retry: RetryPolicy;
  /** Milliseconds. */
  readonly writeTimeout: number;
  readonly readTimeout: number;
  readonly maxAge: number;
}

/** @throws invalid */
function settingsOf(options: LogOptions): Settings {
  const retries = wholeOption(options, 'fluentd-max-retries');
  if (retries !== undefined && retries < 0) throw invalid('fluentd-max-retries cannot be less than 0');
  const wait = milliseconds(options, 'fluentd-retry-wait') ?? PATIENT.delay(1);
  const async = booleanOption(options, 'fluentd-async') ?? false;
  const interval = reconnectInterval(options);
  return {
    address: addressOf(options['fluentd-address'] || '127.0.0.1'),
    async,
    requestAck: booleanOption(options, 'fluentd-request-ack') ?? false,
    subSecond: booleanOption(options, 'fluentd-sub-second-precision') ?? false,
    bufferLimit: sizeOption(options, 'fluentd-buffer-limit', 1024) ?? 1024 * 1024,
    retry: {
      attempts: retries ?? Number.POSITIVE_INFINITY,
      delay: (attempt) => Math.min(wait * GROWTH ** (attempt - 1), Math.max(wait, LONGEST_WAIT)),
    },
    writeTimeout: milliseconds(options, 'fluentd-write-timeout') ?? 0,
    readTimeout: milliseconds(options, 'fluentd-read-timeout') ?? 0,
    maxAge: (async && interval) || Number.POSITIVE_INFINITY,
  };
}

/** A host alone, with a port, or a URL. */
function addressOf(text: string): Address {
  const option = 'fluentd-address';
  if (!text.includes('://')) return { scheme: 'tcp', ...hostAndPort(text, option, PORT) };
  return parseAddress(text, { option, schemes: ['tcp', 'tls', 'unix'], port: PORT });
}

function milliseconds(options: LogOptions, name: string): number | undefined {
  const value = options[name];
  if (!value) return undefined;
  let duration: number;
  try {
    duration = parseDuration(value);
  } catch (error) {
    throw invalid(`invalid ${name}: ${messageOf(error)}`, error);
  }
  if (duration < 0) throw invalid(`invalid ${name}: ${value} is negative`);
  return duration / 1e6;
}

function reconnectInterval(options: LogOptions): number | undefined {
  const name = 'fluentd-async-reconnect-interval';
  const interval = milliseconds(options, name);
  if (interval !== undefined && interval !== 0 && (interval < 100 || interval > 10_000))
    throw invalid(`invalid value for ${name}: value (${options[name]}) must be between 100ms and 10s`);
  return interval;
}

/** The forward protocol, version 1, in forward mode: a batch of entries of one tag, confirmed as a whole if asked to. */
class FluentdSink implements Sink {
  readonly retry: RetryPolicy;
  readonly #settings: Settings;
  readonly #tag: string;
  readonly #common: Attributes;
  readonly #connection: StreamConnection;

  constructor(settings: Settings, options: LogOptions, source: LogSource) {
    this.retry = settings.retry;
    this.#settings = settings;
    this.#tag = renderTag(options, source);
    this.#common = {
      container_id: source.id,
      container_name: `/${source.name}`,
      ...extraAttributes(options, source),
    };
    const secure = settings.address.scheme === 'tls';
    this.#connection = new StreamConnection({
      ...settings,
      answers: settings.requestAck,
      tls: secure ? { ca: undefined, cert: undefined, key: undefined, skipVerify: false } : undefined,
    });
  }

  async connect(signal: AbortSignal): Promise<void> {
    if (!this.#settings.async) await this.#connection.connect(signal);
  }

  async send(
    messages: readonly Message[],
    delivered: (count: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    for (const batch of inBatches(messages, this.#settings.bufferLimit)) {
      await this.#sendBatch(batch, signal);
      delivered(batch.length);
    }
  }

  async #sendBatch(messages: readonly Message[], signal: AbortSignal): Promise<void> {
    const chunk = this.#settings.requestAck ? randomBytes(16).toString('base64') : undefined;
    const entries = messages.map((message): Packable => [this.#time(message), this.#record(message)]);
    const options = { size: entries.length, ...(chunk !== undefined && { chunk }) };
    await this.#connection.write(pack([this.#tag, entries, options]), signal);
    if (chunk === undefined) return;
    const answer = await this.#connection.read(unpack, signal);
    const ack = typeof answer === 'object' && answer !== null && 'ack' in answer ? answer.ack : undefined;
    // An older batch's may be under way on a connection that was not dropped; never take it for this one's.
    if (ack !== chunk) {
      await this.#connection.close();
      throw unavailable(`fluentd confirmed ${JSON.stringify(ack)} where ${chunk} was sent`);
    }
  }

  #time({ time }: Message): Packable {
    return this.#settings.subSecond ? new EventTime(time) : Number(time / 1_000_000_000n);
  }

  #record({ stream, line, partial }: Message): Packable {
    return {
      ...this.#common,
      source: stream,
      log: line,
      ...(partial && {
        partial_message: 'true',
        partial_id: partial.id,
        partial_ordinal: String(partial.ordinal),
        partial_last: String(partial.last),
      }),
    };
  }

  disconnect(): Promise<void> {
    return this.#connection.close();
  }
}

/** At least one message each. */
function* inBatches(messages: readonly Message[], limit: number): Generator<readonly Message[]> {
  let start = 0;
  let size = 0;
  for (const [index, { line }] of messages.entries()) {
    if (index > start && size + line.length > limit) {
      yield messages.slice(start, index);
      start = index;
      size = 0;
    }
    size += line.length;
  }
  if (start < messages.length) yield messages.slice(start);
}
