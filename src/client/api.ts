import { compareVersions, type ErrorBody, header, MAX_API_VERSION, negotiate } from '#protocol';
import { ResponseError } from './errors.ts';
import type { Hijacked, Request, Response } from './http/connection.ts';
import type { Headers } from './http/head.ts';
import type { Transport } from './http/transport.ts';
import { formatQuery, type QueryValue } from './query.ts';

/** One call of the API. */
export interface Call {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** Without the version: `/containers/json`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, QueryValue>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is. */
  readonly stream?: AsyncIterable<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds until the header of the answer must be there. */
  readonly timeout?: number;
}

export interface ApiOptions {
  /** Speak exactly this version and do not negotiate. */
  readonly version?: string | undefined;
  readonly userAgent?: string | undefined;
}

/** Error texts are short; what is longer is no error text. */
const MAX_ERROR_BODY = 1024 * 1024;

/**
 * Calls with a version and typed errors.
 *
 * The version is negotiated without a round trip of its own: the first call goes out with our newest one, every
 * answer tells the daemon's, and only a daemon that refuses ours is asked again.
 */
export class Api {
  readonly transport: Transport;
  readonly #pinned: boolean;
  readonly #userAgent: string;
  #version: string;
  #negotiated: boolean;

  constructor(transport: Transport, options: ApiOptions = {}) {
    this.transport = transport;
    this.#pinned = options.version !== undefined;
    this.#negotiated = this.#pinned;
    this.#version = options.version ?? MAX_API_VERSION;
    this.#userAgent = options.userAgent ?? 'berth';
  }

  /** The version spoken; a guess until the first answer. */
  get version(): string {
    return this.#version;
  }

  /** Asks for the daemon's version unless an answer has told it already. */
  async negotiated(): Promise<string> {
    if (!this.#negotiated) await this.ping();
    return this.#version;
  }

  /** HEAD /_ping: the headers only. @throws ConnectionError, ResponseError */
  async ping(signal?: AbortSignal): Promise<Headers> {
    const response = await this.transport.send(
      this.#request({ method: 'HEAD', path: '/_ping' }, false),
      signal,
    );
    await response.body.discard();
    this.#learn(response.headers, true);
    if (response.status >= 400) throw new ResponseError(response.status, response.reason);
    return response.headers;
  }

  /** The answer, whose body the caller must read. @throws ResponseError, ConnectionError */
  async send(call: Call, signal?: AbortSignal): Promise<Response> {
    if (call.stream) await this.negotiated();
    const tried = this.#version;
    const response = await this.transport.send(this.#request(call), signal);
    if (!(await this.#refusedVersion(response, tried))) return this.#checked(response);
    return this.#checked(await this.transport.send(this.#request(call), signal));
  }

  /** The decoded body. @throws ResponseError, ConnectionError */
  async json<T>(call: Call, signal?: AbortSignal): Promise<T> {
    const { body } = await this.send(call, signal);
    return JSON.parse(await body.text()) as T;
  }

  /** For answers without a body that matters. @throws ResponseError, ConnectionError */
  async done(call: Call, signal?: AbortSignal): Promise<void> {
    const { body } = await this.send(call, signal);
    await body.discard();
  }

  /** A call that turns its connection into a raw stream. @throws ResponseError, ConnectionError */
  async hijack(call: Call, signal?: AbortSignal): Promise<Hijacked> {
    const tried = this.#version;
    const first = await this.transport.upgrade(this.#request(call), signal);
    if ('socket' in first) return this.#taken(first);
    if (!(await this.#refusedVersion(first, tried))) return refuse(first);
    const second = await this.transport.upgrade(this.#request(call), signal);
    return 'socket' in second ? this.#taken(second) : refuse(second);
  }

  #request(call: Call, versioned = true): Request {
    const { method, path, query, json, stream, headers, timeout } = call;
    const contentType = json === undefined ? {} : { 'Content-Type': 'application/json' };
    return {
      method,
      path: (versioned ? `/v${this.#version}` : '') + path + formatQuery(query),
      headers: { 'User-Agent': this.#userAgent, ...contentType, ...headers },
      body: json === undefined ? stream : JSON.stringify(json),
      timeout,
    };
  }

  #taken(hijacked: Hijacked): Hijacked {
    this.#learn(hijacked.head.headers, true);
    return hijacked;
  }

  async #checked(response: Response): Promise<Response> {
    this.#learn(response.headers, response.status < 400);
    if (response.status >= 400) throw await errorOf(response);
    return response;
  }

  #learn(headers: Headers, accepted: boolean): void {
    if (this.#pinned) return;
    const server = headers.get(header.apiVersion);
    if (server !== undefined) this.#version = negotiate(server);
    if (server !== undefined || accepted) this.#negotiated = true;
  }

  /** True when the daemon is older than the version `tried`, and ours has been set to its own. */
  async #refusedVersion(response: Response, tried: string): Promise<boolean> {
    if (response.status !== 400 || this.#pinned) return false;
    const isOlder = () => compareVersions(this.#version, tried) < 0;
    this.#learn(response.headers, false);
    if (isOlder()) {
      await response.body.discard();
      return true;
    }
    if (this.#negotiated) return false;
    // Some daemons leave the header out of a refusal.
    const failure = await errorOf(response);
    await this.ping().catch(() => {});
    if (!isOlder()) throw failure;
    return true;
  }
}

async function refuse(response: Response): Promise<never> {
  throw await errorOf(response);
}

async function errorOf(response: Response): Promise<ResponseError> {
  const text = (await response.body.bytes(MAX_ERROR_BODY)).toString().trim();
  return new ResponseError(
    response.status,
    messageIn(text) || text || response.reason || `HTTP status ${response.status}`,
  );
}

function messageIn(text: string): string | undefined {
  try {
    return (JSON.parse(text) as Partial<ErrorBody> | null)?.message;
  } catch {
    // Not every proxy in between speaks JSON.
    return undefined;
  }
}
