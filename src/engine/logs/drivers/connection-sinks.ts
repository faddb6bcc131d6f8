import type { DatagramConnection } from './datagram-connection.ts';
import { type Message, PATIENT, type RetryPolicy, type Sink } from './driver.ts';
import type { StreamConnection } from './stream-connection.ts';

/** Sends messages over a connection, a batch at a time. */
export class StreamSink implements Sink {
  readonly retry: RetryPolicy;
  readonly #encode: (messages: readonly Message[]) => Buffer;
  readonly #connection: StreamConnection;

  constructor(
    encode: (messages: readonly Message[]) => Buffer,
    connection: StreamConnection,
    retry: RetryPolicy = PATIENT,
  ) {
    this.retry = retry;
    this.#encode = encode;
    this.#connection = connection;
  }

  connect(signal: AbortSignal): Promise<void> {
    return this.#connection.connect(signal);
  }

  async send(
    messages: readonly Message[],
    delivered: (count: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#connection.write(this.#encode(messages), signal);
    delivered(messages.length);
  }

  disconnect(): Promise<void> {
    return this.#connection.close();
  }
}

/** Sends each message as a datagram or several; one that says nothing as none. */
export class DatagramSink implements Sink {
  readonly retry = PATIENT;
  readonly #encode: (message: Message) => Iterable<Buffer>;
  readonly #connection: DatagramConnection;

  constructor(encode: (message: Message) => Iterable<Buffer>, connection: DatagramConnection) {
    this.#encode = encode;
    this.#connection = connection;
  }

  connect(signal: AbortSignal): Promise<void> {
    return this.#connection.connect(signal);
  }

  async send(
    messages: readonly Message[],
    delivered: (count: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    for (const message of messages) {
      for (const datagram of this.#encode(message)) await this.#connection.send(datagram, signal);
      delivered(1);
    }
  }

  async disconnect(): Promise<void> {
    this.#connection[Symbol.dispose]();
  }
}
