import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { invalid, isKind } from '#lib/errors';
import { type ApiVersion, atLeast, mediaType, type Schema } from '#protocol';
import { readText } from './body.ts';
import { bodyOf, HttpError, statusOf } from './errors.ts';
import type { Query } from './query.ts';
import type { Params } from './router.ts';
import { type Connection, hijackRequest, hijackUpgrade } from './streams/connection.ts';
import { JsonLines } from './streams/json-lines.ts';
import { Sink } from './streams/sink.ts';
import { asksForWebSocket, webSocketConnection } from './streams/websocket.ts';
import { parseJson, validate } from './validation.ts';

export interface ExchangeParts {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly params: Params;
  readonly query: Query;
  readonly version: string;
  /** Where the body comes from: the request itself, but for upgrades on older Nodes. */
  readonly body: Readable;
  /** The raw connection when the client asked for one. */
  readonly upgrade: Duplex | undefined;
  /** Aborts when the client has gone or the server closes. */
  readonly signal: AbortSignal;
}

/** Characters of a long answer that leave together. */
const PIECE = 64 * 1024;

/** One request and its answer, as routes see them. */
export class Exchange {
  readonly params: Params;
  readonly query: Query;
  readonly signal: AbortSignal;
  /** The body as a stream, unbounded: archives. */
  readonly body: Readable;
  readonly #parts: ExchangeParts;

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
    this.params = parts.params;
    this.query = parts.query;
    this.signal = parts.signal;
    this.body = parts.body;
  }

  /** A parameter of the route's template. */
  param(name: string): string {
    return this.params[name] ?? '';
  }

  header(name: string): string | undefined {
    const value = this.#parts.request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  /** True when the client speaks this version of the API or a newer one. */
  since(version: ApiVersion): boolean {
    return atLeast(this.#parts.version, version);
  }

  /** The JSON body; an empty one counts as `{}`. @throws invalid */
  async read<T>(schema: Schema<T>): Promise<T> {
    const text = await readText(this.#parts.request, this.body);
    return validate(schema, text.trim() === '' ? {} : (parseJson(text) ?? {}));
  }

  json(value: unknown, status = 200, headers: OutgoingHttpHeaders = {}): void {
    this.send(status, `${JSON.stringify(value)}\n`, { 'content-type': mediaType.json, ...headers });
  }

  /** A JSON array that may be long: each row is made when its turn comes, and is gone before the last one is made. */
  async array<T>(rows: Iterable<T> | AsyncIterable<T>, encode: (row: T) => unknown): Promise<void> {
    let text = '';
    let sink: Sink | undefined;
    for await (const row of rows) {
      text += `${text === '' && !sink ? '[' : ','}${JSON.stringify(encode(row))}`;
      if (text.length < PIECE) continue;
      sink ??= this.stream(mediaType.json);
      await sink.write(Buffer.from(text));
      text = '';
    }
    const rest = `${text === '' && !sink ? '[' : text}]\n`;
    if (!sink) return this.send(200, rest, { 'content-type': mediaType.json });
    await sink.write(Buffer.from(rest));
    sink.end();
  }

  /** A JSON document that is text already. */
  jsonText(text: string): void {
    this.send(200, `${text}\n`, { 'content-type': mediaType.json });
  }

  /** An answer without a body. */
  empty(status = 204, headers: OutgoingHttpHeaders = {}): void {
    const { request, response } = this.#parts;
    const mayHaveBody = status !== 204 && status !== 304 && request.method !== 'HEAD';
    response.writeHead(status, { ...headers, ...(mayHaveBody && { 'content-length': 0 }) }).end();
  }

  send(status: number, content: string, headers: OutgoingHttpHeaders): void {
    const { response } = this.#parts;
    response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(content) }).end(content);
  }

  /** Begins an answer of unknown length; its headers leave at once. */
  stream(contentType: string, headers: OutgoingHttpHeaders = {}): Sink {
    const { response } = this.#parts;
    response.writeHead(200, { 'content-type': contentType, ...headers });
    response.flushHeaders();
    return new Sink(response, this.signal);
  }

  /**
   * An answer of JSON documents, one a line. Headers leave with the first: an error before that gets
   * a status of its own, a later one travels in the stream.
   */
  async lines(
    work: (lines: JsonLines) => Promise<void>,
    contentType: string = mediaType.json,
  ): Promise<void> {
    const lines = new JsonLines(() => this.stream(contentType));
    try {
      await work(lines);
    } catch (error) {
      if (!lines.begun) throw error;
      await lines.fail(error);
    }
    lines.end();
  }

  /** Takes the connection over: 101 when the client asked for an upgrade, else 200, and raw bytes from then on. */
  hijack(contentType: string): Connection {
    const { request, response, upgrade } = this.#parts;
    return upgrade
      ? hijackUpgrade(response, upgrade, contentType)
      : hijackRequest(request, response, contentType);
  }

  /** Takes the connection over for HTTP/2. @throws invalid when the client did not ask for it */
  http2(): Duplex {
    const { request, response, upgrade } = this.#parts;
    if (!upgrade || request.headers.upgrade?.toLowerCase() !== 'h2c')
      throw invalid(
        'this is for upgraded connections only: it needs the headers Connection: Upgrade and Upgrade: h2c',
      );
    // Who ends HTTP/2 has left: nobody would tell its calls that are under way otherwise.
    upgrade.allowHalfOpen = false;
    // The other way round: when the server closes, what is under way there is cut.
    this.signal.addEventListener('abort', () => upgrade.destroy(), { once: true });
    hijackUpgrade(response, upgrade, 'application/octet-stream', 'h2c');
    return upgrade;
  }

  /** @throws invalid when the client did not ask for a WebSocket */
  expectWebSocket(): Duplex {
    const { request, upgrade } = this.#parts;
    if (upgrade && asksForWebSocket(request)) return upgrade;
    throw invalid('not a WebSocket handshake: it needs the headers Upgrade: websocket and Sec-WebSocket-Key');
  }

  /** Takes the connection over as a WebSocket. @throws invalid when the handshake is none */
  async webSocket(options: { readonly binary: boolean }): Promise<Connection> {
    const { request, response } = this.#parts;
    const upgrade = this.expectWebSocket();
    const connection = await webSocketConnection(request, upgrade, options);
    if (response.socket) response.detachSocket(response.socket);
    return connection;
  }

  /** The answer to whatever a handler threw. */
  fail(error: unknown): void {
    const { response } = this.#parts;
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    if (isKind(error, 'not-modified')) this.empty(304);
    else if (error instanceof HttpError && error.plain)
      this.send(error.status, `${error.message}\n`, { 'content-type': mediaType.plainText });
    else this.json(bodyOf(error), statusOf(error));
  }
}
