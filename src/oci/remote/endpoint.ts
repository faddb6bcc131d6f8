import { isKind } from '#lib/errors';
import { Authenticator, type Credentials } from './auth.ts';
import { parseChallenges } from './challenge.ts';
import { type Refusal, refusal } from './errors.ts';
import { NetworkError } from './network-errors.ts';
import { type Request, type Response, Transport, type TransportOptions } from './transport.ts';

/** Most bytes of an error's text that are read. */
const MAX_ERROR_BYTES = 64 * 1024;

export interface EndpointRequest extends Request {
  /** What the token must allow: `repository:<path>:pull`. */
  readonly scopes: readonly string[];
}

/** Where an endpoint is. */
export interface Place {
  /** Tried in their order: an insecure registry may speak TLS or not. */
  readonly candidates: readonly URL[];
  /** Of the API, below the base URL. Default `v2/`. */
  readonly apiPath?: string | undefined;
  /** Sent with every request, to this host alone. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The registry that is meant, for a host that stands for several. */
  readonly namespace?: string | undefined;
}

/** A registry or a mirror of one: its base URL, once it is known, and the way in. */
export class Endpoint implements AsyncDisposable {
  readonly #place: Place;
  readonly #transport: Transport;
  readonly #auth: Authenticator;
  #base: Promise<URL> | undefined;

  constructor(place: Place, options: TransportOptions & { offline?: boolean }, credentials?: Credentials) {
    this.#place = place;
    this.#transport = new Transport(options);
    this.#auth = new Authenticator(this.#transport, credentials, options.offline);
  }

  get identityToken(): string | undefined {
    return this.#auth.identityToken;
  }

  /** Sends a request to a path below `/v2/` or to a URL that the registry gave. @throws NetworkError, RegistryError, cancelled */
  async send(target: string | URL, request: EndpointRequest, signal?: AbortSignal): Promise<Response> {
    const base = await this.#connect(signal);
    const url = typeof target === 'string' ? this.#url(target, base) : target;
    // What the registry delegates to another host is open by its URL alone.
    const ours = url.origin === base.origin;
    const shown = ours ? await this.#auth.header(base, request.scopes, signal) : undefined;
    const response = await this.#sendWith({ authorization: shown, ours }, url, request, signal);
    if (response.status !== 401 || !ours) return response;
    this.#auth.learn(parseChallenges(response.header('www-authenticate') ?? ''));
    this.#auth.forget(request.scopes);
    // A stream is gone: who sent it begins anew, with another token.
    if (request.body !== undefined && !Buffer.isBuffer(request.body)) return response;
    const wanted = await this.#auth.header(base, request.scopes, signal);
    if (wanted === undefined || (wanted === shown && wanted.startsWith('Basic '))) return response;
    await response.discard();
    return this.#sendWith({ authorization: wanted, ours }, url, request, signal);
  }

  /** As `send`, but answers other than these are errors. @throws RegistryError */
  async expect(
    statuses: readonly number[],
    target: string | URL,
    request: EndpointRequest & { readonly missing?: string },
    signal?: AbortSignal,
  ): Promise<Response> {
    const response = await this.send(target, request, signal);
    if (statuses.includes(response.status)) return response;
    throw await refusalOf(response, request);
  }

  /** Where an upload goes on: a Location header, seen from the answer that has it. */
  async resolve(response: Response): Promise<URL> {
    const base = await this.#connect();
    const url = new URL(response.header('location') ?? '', response.url);
    // Registries behind a proxy that ends TLS may not know that they are.
    if (url.host === base.host) url.protocol = base.protocol;
    return url;
  }

  #sendWith(
    { authorization, ours }: { readonly authorization: string | undefined; readonly ours: boolean },
    url: URL,
    request: EndpointRequest,
    signal?: AbortSignal,
  ): Promise<Response> {
    const own = ours ? this.#place.headers : undefined;
    const headers = { ...request.headers, ...own, ...(authorization && { authorization }) };
    return this.#transport.send(url, { ...request, headers, private: Object.keys(own ?? {}) }, signal);
  }

  #url(target: string, base: URL): URL {
    const { apiPath = 'v2/', namespace } = this.#place;
    const url = new URL(`${apiPath}${target}`, base);
    if (namespace !== undefined) url.searchParams.set('ns', namespace);
    return url;
  }

  async #connect(signal?: AbortSignal): Promise<URL> {
    for (;;) {
      try {
        this.#base ??= this.#probe(signal);
        return await this.#base;
      } catch (error) {
        this.#base = undefined;
        // The caller that began it gave up: this one has not.
        if (!isKind(error, 'cancelled') || signal?.aborted) throw error;
      }
    }
  }

  /** The first candidate that answers, asked for its version; what it wants for authentication is learnt. */
  async #probe(signal?: AbortSignal): Promise<URL> {
    let failure: unknown;
    const { candidates, headers } = this.#place;
    for (const base of candidates) {
      const attempts = base === candidates.at(-1) ? undefined : 1;
      try {
        const response = await this.#transport.send(
          this.#url('', base),
          { method: 'GET', attempts, headers, private: Object.keys(headers ?? {}) },
          signal,
        );
        const challenges = parseChallenges(response.header('www-authenticate') ?? '');
        await response.discard();
        if (response.status === 401) this.#auth.learn(challenges);
        return base;
      } catch (error) {
        if (isKind(error, 'cancelled')) throw error;
        // That it speaks no TLS says less than what happened without TLS.
        const better = failure instanceof NetworkError && error instanceof NetworkError && error.tls;
        if (!better) failure = error;
      }
    }
    throw failure;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#transport[Symbol.asyncDispose]();
  }
}

export async function refusalOf(
  response: Response,
  { method, missing }: { readonly method: string; readonly missing?: string | undefined },
) {
  const read = async (): Promise<Buffer> => {
    try {
      return await response.read(MAX_ERROR_BYTES);
    } catch {
      // The status says enough.
      return Buffer.alloc(0);
    }
  };
  const details: Refusal = {
    method,
    url: response.url,
    status: response.status,
    body: await read(),
    missing,
    retryAfter: response.header('retry-after'),
  };
  return refusal(details);
}
