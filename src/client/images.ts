import {
  type AuthConfig,
  encodeHeaderJson,
  type Filters,
  header,
  type ImageDeleteItem,
  type ImageHistoryItem,
  type ImageInspect,
  type ImageSearchResult,
  type ImageSummary,
  type ImagesPruneReport,
  type ImageVerification,
  mediaType,
  type ProgressMessage,
} from '#protocol';
import type { Api, Call } from './api.ts';
import { type BuildRequest, build } from './build.ts';
import type { Body } from './http/body.ts';
import { jsonLines } from './json-lines.ts';
import { imagePath } from './query.ts';

export interface PullOptions {
  /** Without tag or digest. */
  readonly image: string;
  /** Tag or digest; undefined = all tags. */
  readonly tag?: string | undefined;
  readonly platform?: string | undefined;
  readonly auth?: AuthConfig | undefined;
}

export interface ImportOptions {
  readonly repo?: string | undefined;
  readonly tag?: string | undefined;
  readonly message?: string | undefined;
  readonly changes?: readonly string[];
  readonly platform?: string | undefined;
}

/** All of `/images`, one method an operation. Every method throws ResponseError and ConnectionError. */
export class Images {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  list(
    query: { all?: boolean; digests?: boolean; manifests?: boolean; filters?: Filters } = {},
    signal?: AbortSignal,
  ): Promise<ImageSummary[]> {
    return this.#api.json({ method: 'GET', path: '/images/json', query }, signal);
  }

  inspect(
    name: string,
    query: { platform?: string | undefined } = {},
    signal?: AbortSignal,
  ): Promise<ImageInspect> {
    return this.#api.json({ method: 'GET', path: `${path(name)}/json`, query }, signal);
  }

  history(
    name: string,
    query: { platform?: string | undefined } = {},
    signal?: AbortSignal,
  ): Promise<ImageHistoryItem[]> {
    return this.#api.json({ method: 'GET', path: `${path(name)}/history`, query }, signal);
  }

  tag(name: string, target: { repo: string; tag?: string | undefined }, signal?: AbortSignal): Promise<void> {
    return this.#api.done({ method: 'POST', path: `${path(name)}/tag`, query: target }, signal);
  }

  remove(
    name: string,
    query: { force?: boolean; noprune?: boolean; platforms?: readonly string[] } = {},
    signal?: AbortSignal,
  ): Promise<ImageDeleteItem[]> {
    return this.#api.json({ method: 'DELETE', path: path(name), query }, signal);
  }

  pull(options: PullOptions, signal?: AbortSignal): AsyncGenerator<ProgressMessage, void> {
    const { image, tag, platform, auth } = options;
    const query = { fromImage: image, tag, platform };
    return this.#progress(
      { method: 'POST', path: '/images/create', query, headers: credentials(auth) },
      signal,
    );
  }

  push(
    name: string,
    options: { tag?: string | undefined; platform?: string | undefined; auth?: AuthConfig | undefined },
    signal?: AbortSignal,
  ): AsyncGenerator<ProgressMessage, void> {
    const query = { tag: options.tag, platform: options.platform };
    // The daemon refuses a push without the header, even for a registry that wants no credentials.
    const headers = credentials(options.auth ?? {});
    return this.#progress({ method: 'POST', path: `${path(name)}/push`, query, headers }, signal);
  }

  build(request: BuildRequest, signal?: AbortSignal): AsyncGenerator<ProgressMessage, void> {
    return build(this.#api, request, signal);
  }

  load(
    tar: AsyncIterable<Uint8Array>,
    query: { quiet?: boolean; platform?: readonly string[] } = {},
    signal?: AbortSignal,
  ): AsyncGenerator<ProgressMessage, void> {
    const headers = { 'Content-Type': mediaType.tar };
    return this.#progress({ method: 'POST', path: '/images/load', query, stream: tar, headers }, signal);
  }

  /** A file system as tar, or `source` as a URL that the daemon fetches. */
  import(
    source: AsyncIterable<Uint8Array> | string,
    options: ImportOptions = {},
    signal?: AbortSignal,
  ): AsyncGenerator<ProgressMessage, void> {
    const remote = typeof source === 'string';
    const query = { fromSrc: remote ? source : '-', ...options };
    const call: Call = { method: 'POST', path: '/images/create', query };
    const headers = { 'Content-Type': mediaType.tar };
    return this.#progress(remote ? call : { ...call, stream: source, headers }, signal);
  }

  /** A tar that `load` reads. */
  async save(
    names: readonly string[],
    query: { platform?: readonly string[] } = {},
    signal?: AbortSignal,
  ): Promise<Body> {
    const call: Call = { method: 'GET', path: '/images/get', query: { names, ...query } };
    return (await this.#api.send(call, signal)).body;
  }

  search(
    query: { term: string; limit?: number | undefined; filters?: Filters },
    auth?: AuthConfig,
    signal?: AbortSignal,
  ): Promise<ImageSearchResult[]> {
    return this.#api.json(
      { method: 'GET', path: '/images/search', query, headers: credentials(auth) },
      signal,
    );
  }

  /** `dryRun`: nothing is removed, but told (berthd only). */
  prune(
    filters?: Filters,
    { dryRun }: { readonly dryRun?: boolean } = {},
    signal?: AbortSignal,
  ): Promise<ImagesPruneReport> {
    const query = { filters, ...(dryRun && { 'dry-run': true }) };
    return this.#api.json({ method: 'POST', path: '/images/prune', query }, signal);
  }

  /** Reads all content of images (default: of all) and compares it with its digests (berthd only). */
  verify(
    query: { names: readonly string[]; repair: boolean },
    auths: Readonly<Record<string, object>>,
    signal?: AbortSignal,
  ): Promise<ImageVerification> {
    const headers = { [header.registryConfig]: encodeHeaderJson(auths) };
    return this.#api.json({ method: 'POST', path: '/images/verify', query, headers }, signal);
  }

  async *#progress(call: Call, signal: AbortSignal | undefined): AsyncGenerator<ProgressMessage, void> {
    const { body } = await this.#api.send(call, signal);
    yield* jsonLines<ProgressMessage>(body);
  }
}

const path = (name: string) => `/images/${imagePath(name)}`;

const credentials = (auth: AuthConfig | undefined): Record<string, string> =>
  auth ? { [header.registryAuth]: encodeHeaderJson(auth) } : {};
