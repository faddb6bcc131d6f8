import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
} from 'node:http2';
import type { Duplex } from 'node:stream';
import type { DescMethod, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { systemError, unavailable } from '#lib/errors';
import { GrpcError } from './errors.ts';
import { type Metadata, readMessages, writeMessage } from './messages.ts';

export const pathOf = (method: DescMethod): string => `/${method.parent.typeName}/${method.name}`;

/**
 * Calls services at the other end of a connection that is there already: the side that was called calls back.
 * gRPC over HTTP/2: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export class GrpcClient {
  readonly #http: ClientHttp2Session;

  constructor(connection: Duplex) {
    this.#http = connect('http://session', { createConnection: () => connection });
    // Calls under way end with an error of their own.
    this.#http.on('error', () => this.#http.destroy());
  }

  get closed(): boolean {
    return this.#http.closed || this.#http.destroyed;
  }

  onClose(listener: () => void): void {
    this.#http.once('close', listener);
  }

  /** One message each way. @throws GrpcError, unavailable */
  async call<M extends DescMethod>(
    method: M,
    message: MessageInitShape<M['input']>,
    signal: AbortSignal,
    metadata: Metadata = {},
  ): Promise<MessageShape<M['output']>> {
    using stream = this.open(method, metadata, signal);
    await stream.send(message);
    stream.end();
    let answer: MessageShape<M['output']> | undefined;
    for await (const received of stream) answer = received;
    if (answer === undefined) throw systemError(`${method.name} was not answered`);
    return answer;
  }

  /** `path`: where another method is called with the messages of this one. */
  open<M extends DescMethod>(
    method: M,
    metadata: Metadata,
    signal: AbortSignal,
    path = pathOf(method),
  ): GrpcStream<M> {
    if (this.closed) throw unavailable(`the client has gone: ${method.name} cannot be asked of it`);
    const stream = this.#http.request(
      {
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/grpc',
        te: 'trailers',
        ...metadata,
      },
      { signal, endStream: false },
    );
    return new GrpcStream(method, stream);
  }
}

/** Messages both ways. Reading ends when the other side has said OK. */
export class GrpcStream<M extends DescMethod>
  implements AsyncIterable<MessageShape<M['output']>>, Disposable
{
  readonly #method: M;
  readonly #stream: ClientHttp2Stream;
  #status: IncomingHttpHeaders | undefined;

  constructor(method: M, stream: ClientHttp2Stream) {
    this.#method = method;
    this.#stream = stream;
    const keep = (headers: IncomingHttpHeaders): void => {
      if (headers['grpc-status'] !== undefined) this.#status = headers;
    };
    stream.on('response', keep).on('trailers', keep);
    // Whoever reads sees it; when nobody does, nobody minds.
    stream.on('error', () => {});
  }

  /** The other side has said how it ended: what is sent now is read by nobody. */
  get ended(): boolean {
    return this.#status !== undefined || this.#stream.destroyed;
  }

  async send(message: MessageInitShape<M['input']>): Promise<void> {
    await writeMessage<M['input']>(this.#stream, this.#method.input, message);
  }

  end(): void {
    this.#stream.end();
  }

  /** @throws GrpcError, unavailable when the connection is cut */
  async *[Symbol.asyncIterator](): AsyncGenerator<MessageShape<M['output']>> {
    try {
      yield* readMessages<M['output']>(this.#stream, this.#method.output, this.#method.name);
    } catch (error) {
      if (this.#status === undefined) throw error;
    }
    this.#check();
  }

  [Symbol.dispose](): void {
    if (!this.#stream.closed) this.#stream.close();
  }

  #check(): void {
    if (this.#status === undefined)
      throw unavailable(`the client left before it had answered ${this.#method.name}`);
    const code = Number(this.#status['grpc-status']);
    if (code === 0) return;
    const message = String(this.#status['grpc-message'] ?? `${this.#method.name} failed`);
    throw new GrpcError(code, decodeURIComponent(message));
  }
}
