import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { cancelled, invalid } from '#lib/errors';
import { Connector, type ConnectorOptions } from './connector.ts';
import { badRedirect, NetworkError } from './network-errors.ts';
import { backOff, pause, spread } from './pause.ts';

export interface Request {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** A stream can be sent once only: such a request is never repeated here. */
  readonly body?: Buffer | Readable | undefined;
  /** Names of headers that are for the first host alone, as `authorization` always is. */
  readonly private?: readonly string[] | undefined;
  /** How often it is sent at most while it fails in passing. */
  readonly attempts?: number | undefined;
}

/** Its body must be read to the end or discarded, else the connection is not used again. */
export interface Response {
  /** Where it came from in the end, redirects followed. */
  readonly url: URL;
  readonly status: number;
  header(name: string): string | undefined;
  readonly body: Readable & AsyncIterable<Uint8Array>;
  /** The whole body. @throws invalid when it is longer */
  read(maxBytes: number): Promise<Buffer>;
  discard(): Promise<void>;
}

export interface TransportOptions extends ConnectorOptions {
  readonly userAgent: string;
  /** Milliseconds before the first repetition; doubled each time. */
  readonly retryDelay: number;
  /** Milliseconds without a byte of an answer. Default: a minute. */
  readonly stallTimeout?: number | undefined;
}

const MAX_ATTEMPTS = 5;
const MAX_DELAY = 30_000;
const MAX_REDIRECTS = 10;
const STALL_TIMEOUT = 60_000;
const REPEATED = new Set([429, 500, 502, 503, 504]);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** HTTP to one registry: connections, repetition after passing failures, redirects. Knows nothing of its API. */
export class Transport implements AsyncDisposable {
  readonly #options: TransportOptions;
  readonly #connector: Connector;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#connector = new Connector(options);
  }

  /**
   * Sends a request until there is an answer that a repetition would not change.
   * @throws NetworkError, cancelled
   */
  async send(url: URL, request: Request, signal?: AbortSignal): Promise<Response> {
    const once = request.body !== undefined && !Buffer.isBuffer(request.body);
    const attempts = once ? 1 : (request.attempts ?? MAX_ATTEMPTS);
    for (let attempt = 1; ; attempt++) {
      const last = attempt === attempts;
      try {
        const response = await this.#follow(url, request, signal);
        if (last || !REPEATED.has(response.status)) return response;
        const retryAfter = response.header('retry-after');
        // Nobody waits that long without knowing why: the answer says it.
        if (millisecondsUntil(retryAfter) > MAX_DELAY) return response;
        await response.discard();
        await this.#pause(attempt, retryAfter, signal);
      } catch (error) {
        if (last || !(error instanceof NetworkError) || !error.transient) throw error;
        await this.#pause(attempt, undefined, signal);
      }
    }
  }

  /** Waits longer each time, at least as long as the server asks for. @throws cancelled */
  async #pause(
    attempt: number,
    retryAfter: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const wait = spread(backOff(this.#options.retryDelay, attempt));
    await pause(Math.min(MAX_DELAY, Math.max(wait, millisecondsUntil(retryAfter))), signal);
  }

  async #follow(start: URL, request: Request, signal: AbortSignal | undefined): Promise<Response> {
    let url = start;
    let headers = request.headers;
    for (let hops = 0; ; hops++) {
      const response = await this.#exchange(url, { ...request, headers }, signal);
      const location = response.header('location');
      // An upload's answer has a Location too, which is no redirect.
      if (!REDIRECTS.has(response.status) || location === undefined) return response;
      await response.discard();
      if (request.body !== undefined) throw badRedirect(url, 'an upload, which cannot be followed');
      if (hops === MAX_REDIRECTS) throw badRedirect(start, 'without end');
      const next = parseLocation(location, url);
      if (url.protocol === 'https:' && next.protocol !== 'https:' && !this.#options.insecure) {
        throw badRedirect(url, 'from https to plain http');
      }
      // Credentials are for this registry only: what is behind a redirect has its own, in the URL.
      if (next.origin !== url.origin && headers) headers = without(headers, request.private);
      url = next;
    }
  }

  async #exchange(
    url: URL,
    { method, headers, body }: Request,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    if (signal?.aborted) throw cancelled();
    const { undici, agent } = await this.#connector.for(url);
    const stalled = this.#options.stallTimeout ?? STALL_TIMEOUT;
    try {
      const answer = await undici.request(url, {
        dispatcher: agent,
        method,
        headers: { 'user-agent': this.#options.userAgent, 'accept-encoding': 'identity', ...headers },
        body: body ?? null,
        signal: signal ?? null,
        headersTimeout: stalled,
        bodyTimeout: stalled,
      });
      return new UndiciResponse(url, answer, 2 * stalled);
    } catch (error) {
      if (signal?.aborted) throw cancelled();
      throw new NetworkError(`${method} ${url.origin}${url.pathname}`, error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connector[Symbol.asyncDispose]();
  }
}

class UndiciResponse implements Response {
  readonly url: URL;
  readonly status: number;
  readonly body: Dispatcher.ResponseData['body'];
  readonly #headers: Dispatcher.ResponseData['headers'];
  readonly #readTimeout: number;

  constructor(url: URL, { statusCode, headers, body }: Dispatcher.ResponseData, readTimeout: number) {
    this.#readTimeout = readTimeout;
    this.url = url;
    this.status = statusCode;
    this.body = body;
    this.#headers = headers;
  }

  header(name: string): string | undefined {
    const value = this.#headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  async read(maxBytes: number): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    let length = 0;
    const deadline = Date.now() + this.#readTimeout;
    try {
      for await (const chunk of this.body as AsyncIterable<Uint8Array>) {
        length += chunk.length;
        // What comes drop by drop never stalls, and never ends.
        if (Date.now() > deadline) throw new Error('the answer takes too long');
        // Leaving the loop closes the connection.
        if (length > maxBytes) throw invalid(`answer of ${this.url.host} is larger than ${maxBytes} bytes`);
        parts.push(chunk);
      }
    } catch (error) {
      throw length > maxBytes
        ? error
        : new NetworkError(`reading ${this.url.origin}${this.url.pathname}`, error);
    }
    return Buffer.concat(parts);
  }

  async discard(): Promise<void> {
    try {
      await this.body.dump({ limit: 64 * 1024 });
    } catch {
      // Nobody wanted it.
      this.body.destroy();
    }
  }
}

function parseLocation(location: string, base: URL): URL {
  const url = URL.canParse(location, base) ? new URL(location, base) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw badRedirect(base, `to ${location.slice(0, 200)}`);
  // They would show up in messages, and nobody's are wanted.
  if (url.username || url.password) throw badRedirect(base, `to ${url.host} with credentials in the URL`);
  return url;
}

const without = (
  headers: Readonly<Record<string, string>>,
  names: readonly string[] = [],
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).filter(([name]) => name !== 'authorization' && !names.includes(name)),
  );

/** Of a Retry-After header: seconds or a date. */
function millisecondsUntil(retryAfter: string | undefined): number {
  if (retryAfter === undefined) return 0;
  if (/^\d{1,9}$/.test(retryAfter)) return Number(retryAfter) * 1000;
  const date = Date.parse(retryAfter);
  return Number.isNaN(date) ? 0 : Math.max(0, date - Date.now());
}
