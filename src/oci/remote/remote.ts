import { isKind, unsupported } from '#lib/errors';
import { type Digest, isDigest, verified } from '#oci/digest';
import type { Descriptor } from '#oci/image';
import type { Reference } from '#oci/reference';
import { type BlobServer, blobTarget, downloadBlob } from './download.ts';
import type { Endpoint } from './endpoint.ts';
import { foreignTransport, type RemoteOptions, type Source, sourcesOf } from './endpoints.ts';
import type { Capability } from './hosts-file.ts';
import { type FetchedManifest, fetchManifest, putManifest, resolveManifest } from './manifests.ts';
import { NetworkError } from './network-errors.ts';
import { listTags } from './tags.ts';
import { hasBlob, mountBlob } from './upload.ts';
import { type Part, uploadBlob } from './upload-blob.ts';

/** Tag or digest. */
export type ManifestName = string;

export interface BlobOptions {
  /** Bytes already there: the stream starts behind them (and is then not verified as a whole). */
  readonly offset?: number | undefined;
  /** Only up to here, exclusive (and not verified either). A server that knows no ranges sends what follows, too. */
  readonly end?: number | undefined;
  /** Who reads it hashes it anyway: the digest is not compared here. */
  readonly unverified?: boolean | undefined;
  /** Told with each answer: was it the part that was asked for? */
  readonly onAnswer?: ((partial: boolean) => void) | undefined;
}

/**
 * One repository of a registry (OCI distribution spec 1.1, Docker registry v2). What fails in passing is
 * repeated. Errors are RegistryError for what the registry refuses, NetworkError when it cannot be
 * reached, `cancelled` when the signal says so.
 */
export class Repository implements AsyncDisposable {
  readonly #path: string;
  readonly #domain: string;
  readonly #sources: readonly Source[];
  readonly #unreachable = new Set<Endpoint>();
  readonly #retryDelay: number;
  readonly #downloadAttempts: number;
  readonly #options: RemoteOptions;

  constructor(reference: Reference, options: RemoteOptions) {
    this.#path = reference.path;
    this.#domain = reference.domain;
    this.#options = options;
    this.#sources = sourcesOf(reference, options);
    this.#retryDelay = options.retryDelay ?? 250;
    this.#downloadAttempts = options.downloadAttempts ?? 5;
  }

  /** Is it a v2 registry that lets us in? @throws RegistryError (unauthorized), NetworkError */
  async ping(signal?: AbortSignal): Promise<void> {
    const response = await this.#registry.expect([200], '', { method: 'GET', scopes: [] }, signal);
    await response.discard();
  }

  /**
   * As `ping`; the identity token that the registry gave, when it did: with it others are got without the password.
   * @throws RegistryError (unauthorized), NetworkError
   */
  async login(signal?: AbortSignal): Promise<string | undefined> {
    await this.ping(signal);
    return this.#registry.identityToken;
  }

  /** What the name stands for now. @throws RegistryError (notFound) */
  async resolve(name: ManifestName, signal?: AbortSignal): Promise<Descriptor> {
    return this.#first(askedFor(name), (endpoint) => resolveManifest(endpoint, this.#manifest(name), signal));
  }

  /** @throws RegistryError (notFound), invalid when it is too large or not what it is called; unsupported for schema 1 */
  async manifest(name: ManifestName, signal?: AbortSignal): Promise<FetchedManifest> {
    return this.#first(askedFor(name), (endpoint) => fetchManifest(endpoint, this.#manifest(name), signal));
  }

  /** Verified; resumed by range when the connection breaks. @throws RegistryError (notFound), DigestMismatchError, SizeMismatchError */
  blob(
    descriptor: Descriptor,
    { offset = 0, end, unverified, onAnswer }: BlobOptions = {},
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array, void> {
    const content = this.#download(descriptor, { offset, end, onAnswer }, signal);
    const whole = offset === 0 && end === undefined && unverified !== true;
    return whole ? verified(content, descriptor) : content;
  }

  async tags(signal?: AbortSignal): Promise<string[]> {
    return this.#first('resolve', (endpoint) => listTags(endpoint, this.#path, this.#pull, signal));
  }

  async hasBlob(digest: Digest, signal?: AbortSignal): Promise<boolean> {
    return hasBlob(this.#pushed, this.#path, digest, this.#push, signal);
  }

  /** Takes a blob over from another repository (its path) of the same registry; false when the registry does not. */
  async mountBlob(digest: Digest, fromRepository: string, signal?: AbortSignal): Promise<boolean> {
    const scopes = [...this.#push, `repository:${fromRepository}:pull`];
    return mountBlob(this.#pushed, this.#path, { digest, from: fromRepository }, scopes, signal);
  }

  /** `open` is called again for each part that is sent, and for what is sent again. */
  async pushBlob(
    descriptor: Descriptor,
    open: (part: Part) => AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<void> {
    const upload = { path: this.#path, descriptor, open, scopes: this.#push, retryDelay: this.#retryDelay };
    await uploadBlob(this.#pushed, upload, signal);
  }

  async pushManifest(
    name: ManifestName,
    mediaType: string,
    content: Uint8Array,
    signal?: AbortSignal,
  ): Promise<Digest> {
    const request = { path: this.#path, name, scopes: this.#push };
    return putManifest(this.#pushed, request, { mediaType, content }, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#sources.map(({ endpoint }) => endpoint[Symbol.asyncDispose]()));
  }

  get #pull(): string[] {
    return [`repository:${this.#path}:pull`];
  }

  get #push(): string[] {
    return [`repository:${this.#path}:pull,push`];
  }

  #manifest(name: ManifestName) {
    return { path: this.#path, name, scopes: this.#pull };
  }

  /** The last one. */
  get #registry(): Endpoint {
    const source = this.#sources.at(-1);
    if (!source) throw new Error('unreachable: there is always a registry');
    return source.endpoint;
  }

  /** The first that takes what is pushed. */
  get #pushed(): Endpoint {
    const [first] = this.#capable('push');
    if (!first) throw this.#incapable('push');
    return first.endpoint;
  }

  /** Those that were not found dead. */
  *#pullOrder(capability: Capability): Generator<[Endpoint, boolean]> {
    const capable = this.#capable(capability);
    if (capable.length === 0) throw this.#incapable(capability);
    for (const { endpoint } of capable) {
      const last = endpoint === capable.at(-1)?.endpoint;
      if (last || !this.#unreachable.has(endpoint)) yield [endpoint, last];
    }
  }

  #capable(capability: Capability): Source[] {
    return this.#sources.filter(({ capabilities }) => capabilities.has(capability));
  }

  #incapable(capability: Capability) {
    return unsupported(`no host of registry ${this.#domain} is configured to be capable of "${capability}"`);
  }

  async #first<T>(capability: Capability, ask: (endpoint: Endpoint) => Promise<T>): Promise<T> {
    for (const [endpoint, last] of this.#pullOrder(capability)) {
      try {
        return await ask(endpoint);
      } catch (error) {
        this.#failed(endpoint, error, last);
      }
    }
    throw new Error('unreachable: the registry is always asked');
  }

  /** A blob may lie elsewhere by its descriptor, if the registry does not have it: a foreign layer. */
  async *#download(
    descriptor: Descriptor,
    part: BlobOptions & { readonly offset: number },
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array, void> {
    const urls = foreignUrls(descriptor);
    try {
      yield* this.#fromRegistry(descriptor, part, signal);
    } catch (error) {
      if (urls.length === 0 || !isKind(error, 'not-found')) throw error;
      // No such answer comes after the first byte.
      yield* this.#fromElsewhere(descriptor, urls, part, signal);
    }
  }

  async *#fromElsewhere(
    descriptor: Descriptor,
    urls: readonly URL[],
    part: BlobOptions & { readonly offset: number },
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array, void> {
    await using transport = foreignTransport(this.#options);
    // Whoever has it is shown nothing of ours.
    const server: BlobServer = {
      send: (url, { method, headers, attempts }, aborted) =>
        transport.send(new URL(url), { method, headers, attempts }, aborted),
    };
    const rest = {
      ...part,
      descriptor,
      scopes: [],
      retryDelay: this.#retryDelay,
      attempts: this.#downloadAttempts,
    };
    for (const target of urls) {
      try {
        for await (const chunk of downloadBlob(server, { ...rest, target }, signal)) {
          rest.offset += chunk.length;
          yield chunk;
        }
        return;
      } catch (error) {
        if (target === urls.at(-1) || isKind(error, 'cancelled')) throw error;
      }
    }
  }

  /** What a mirror did not finish is finished by the next. */
  async *#fromRegistry(
    descriptor: Descriptor,
    part: BlobOptions & { readonly offset: number },
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array, void> {
    const rest = {
      ...part,
      target: blobTarget(this.#path, descriptor.digest),
      descriptor,
      scopes: this.#pull,
      retryDelay: this.#retryDelay,
      attempts: this.#downloadAttempts,
    };
    for (const [endpoint, last] of this.#pullOrder('pull')) {
      try {
        for await (const chunk of downloadBlob(endpoint, rest, signal)) {
          rest.offset += chunk.length;
          yield chunk;
        }
        return;
      } catch (error) {
        this.#failed(endpoint, error, last);
      }
    }
  }

  /** Whatever is wrong with a mirror, the registry may do better. @throws when it was the registry */
  #failed(endpoint: Endpoint, error: unknown, last: boolean): void {
    if (last || isKind(error, 'cancelled')) throw error;
    if (error instanceof NetworkError) this.#unreachable.add(endpoint);
  }
}

function foreignUrls({ urls = [] }: Descriptor): URL[] {
  const parsed = urls.filter((url) => URL.canParse(url)).map((url) => new URL(url));
  return parsed.filter(({ protocol, username }) => /^https?:$/.test(protocol) && username === '');
}

/** Which content a tag stands for is only believed of who is trusted with it; a digest says it itself. */
const askedFor = (name: ManifestName): Capability => (isDigest(name) ? 'pull' : 'resolve');

export const Remote = {
  /** The repository that a reference names. No connection is made yet. Dispose the result to close its connections. @throws invalid */
  repository: (reference: Reference, options: RemoteOptions = {}): Repository =>
    new Repository(reference, options),
};
