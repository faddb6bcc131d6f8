import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
} from 'node:http2';
import type { Duplex } from 'node:stream';
import {
  create,
  type DescMethod,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { systemError, unavailable } from '#lib/errors';

/** A message may be a file's part (32 KiB) or a list of names; more is nobody's honest wish. */
const MESSAGE_LIMIT = 16 * 2 ** 20;
const PREFIX = 5;

/** A call that the other side answered with a status other than OK (google.golang.org/grpc/codes). */
export class GrpcError extends Error {
  override readonly name = 'GrpcError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export const GRPC_NOT_FOUND = 5;

/** Metadata of a call. Several values of a name stay apart: a header of fetch() could not say that. */
export type Metadata = Readonly<Record<string, string | readonly string[]>>;

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
  ): Promise<MessageShape<M['output']>> {
    using stream = this.open(method, {}, signal);
    await stream.send(message);
    stream.end();
    let answer: MessageShape<M['output']> | undefined;
    for await (const received of stream) answer = received;
    if (answer === undefined) throw systemError(`${method.name} was not answered`);
    return answer;
  }

  open<M extends DescMethod>(method: M, metadata: Metadata, signal: AbortSignal): GrpcStream<M> {
    if (this.closed) throw unavailable(`the client has gone: ${method.name} cannot be asked of it`);
    const stream = this.#http.request(
      {
        ':method': 'POST',
        ':path': `/${method.parent.typeName}/${method.name}`,
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

  async send(message: MessageInitShape<M['input']>): Promise<void> {
    const body = toBinary(this.#method.input, create(this.#method.input, message));
    const prefix = Buffer.alloc(PREFIX);
    prefix.writeUInt32BE(body.length, 1);
    if (this.#stream.write(Buffer.concat([prefix, body])) || this.#stream.destroyed) return;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        this.#stream.off('drain', go).off('close', go);
        resolve();
      };
      this.#stream.once('drain', go).once('close', go);
    });
  }

  end(): void {
    this.#stream.end();
  }

  /** @throws GrpcError, unavailable when the connection is cut */
  async *[Symbol.asyncIterator](): AsyncGenerator<MessageShape<M['output']>> {
    let pending = Buffer.alloc(0);
    try {
      for await (const chunk of this.#stream) {
        pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
        let at = 0;
        for (; pending.length - at >= PREFIX; ) {
          const length = pending.readUInt32BE(at + 1);
          if (pending[at] !== 0)
            throw systemError(`${this.#method.name}: compressed messages are not supported`);
          if (length > MESSAGE_LIMIT) throw systemError(`${this.#method.name}: a message of ${length} bytes`);
          if (pending.length - at - PREFIX < length) break;
          const body = pending.subarray(at + PREFIX, at + PREFIX + length);
          yield fromBinary<M['output']>(this.#method.output, body);
          at += PREFIX + length;
        }
        pending = pending.subarray(at);
      }
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
