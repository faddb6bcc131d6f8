import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Access } from '../access/access.ts';
import type { Right } from '../access/rules.ts';
import { Refusal } from '../errors.ts';

/** Slower than this, on average after a while, nobody sends: bytes a second. */
const LEAST_RATE = 256;
const RATE_AFTER_MS = 20_000;

/** A request and its answer. */
export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The client's address. */
  readonly remote: string | undefined;
  /** Percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly method: string;
  /** Random, in the log and in events. */
  readonly id: string;
  /** Bytes of the body that were read. */
  received = 0;
  /** Of its route. */
  kind = 'none';
  /** Who asks, where he has shown it. */
  user: string | undefined;
  /** Where nobody is asked who he is, everybody may everything. */
  guarded = false;
  may: (repository: string, right: Right) => boolean = () => true;
  sees: (repository: string) => boolean = () => true;
  token: (scopes: readonly string[]) => ReturnType<Access['issue']> = () => {
    throw new Refusal('UNSUPPORTED', 'the registry is open to everybody', { status: 404 });
  };
  /** The client waits for `100 Continue` before it sends the body. */
  #waits: boolean;
  /** The request lets go of it when the connection ends. */
  readonly #socket: Socket;
  /** By earlier requests of the connection. */
  readonly #sentBefore: number;

  constructor(request: IncomingMessage, response: ServerResponse, id: string, waits: boolean) {
    this.request = request;
    this.response = response;
    this.id = id;
    this.method = request.method ?? 'GET';
    this.#waits = waits;
    this.#socket = request.socket;
    this.remote = request.socket.remoteAddress;
    this.#sentBefore = request.socket.bytesWritten;
    const target = request.url ?? '/';
    const mark = target.indexOf('?');
    this.path = mark < 0 ? target : target.slice(0, mark);
    this.query = new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1));
  }

  header(name: string): string | undefined {
    const value = this.request.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  /** The client speaks TLS, with us or with a proxy in front. */
  get secure(): boolean {
    return 'encrypted' in this.#socket || this.header('x-forwarded-proto') === 'https';
  }

  /** The registry's address, as the client knows it. */
  get base(): string {
    return `${this.secure ? 'https' : 'http'}://${this.header('host') ?? ''}`;
  }

  /** Bytes of the answer, so far. */
  get sent(): number {
    return this.#socket.bytesWritten - this.#sentBefore;
  }

  /** Bytes that the client announced; undefined when it did not. */
  get contentLength(): number | undefined {
    const text = this.header('content-length');
    return text === undefined ? undefined : Number(text);
  }

  /** The body as it comes. @throws what `tooMuch` gives when there are more than `limit` bytes, UNKNOWN (408) when it dribbles */
  async *body(limit = Number.POSITIVE_INFINITY, tooMuch?: () => Refusal): AsyncGenerator<Buffer, void> {
    if (this.#waits) this.response.writeContinue();
    this.#waits = false;
    const began = performance.now();
    // Whoever stops reading still answers: the connection is not his to end.
    const chunks = this.request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
    for await (const chunk of chunks) {
      this.received += chunk.length;
      if (this.received > limit) throw tooMuch?.() ?? tooLarge(limit);
      const time = performance.now() - began;
      if (time > RATE_AFTER_MS && (this.received / time) * 1000 < LEAST_RATE)
        throw new Refusal('UNKNOWN', 'the request body comes too slowly', { status: 408 });
      yield chunk;
    }
  }

  /** The whole body. @throws as `body` */
  async read(limit: number, tooMuch?: () => Refusal): Promise<Buffer> {
    const refuse = tooMuch ?? (() => tooLarge(limit));
    if ((this.contentLength ?? 0) > limit) throw refuse();
    return Buffer.concat(await Array.fromAsync(this.body(limit, refuse)));
  }

  /** A bodiless answer. */
  end(status: number, headers: Readonly<Record<string, string | number>> = {}): void {
    // 204 and 304 have no length (RFC 9110, 8.6); HEAD tells that of the body that it spares.
    const bare = status === 204 || status === 304 || this.method === 'HEAD';
    this.response.writeHead(status, bare ? headers : { 'content-length': 0, ...headers }).end();
  }

  /** An answer from memory; HEAD gets its headers. */
  send(status: number, content: string | Buffer, headers: Readonly<Record<string, string | number>>): void {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    this.response.writeHead(status, { 'content-length': bytes.length, ...headers });
    this.response.end(this.method === 'HEAD' ? undefined : bytes);
  }

  json(status: number, value: unknown, headers: Readonly<Record<string, string | number>> = {}): void {
    this.send(status, JSON.stringify(value), { 'content-type': 'application/json', ...headers });
  }
}

const tooLarge = (limit: number): Refusal =>
  new Refusal('SIZE_INVALID', `the request body is too large: at most ${limit} bytes`, { status: 413 });
