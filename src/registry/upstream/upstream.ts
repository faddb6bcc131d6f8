import { BerthError, messageOf } from '#lib/errors';
import { KeyedLock } from '#lib/lock';
import type { Digest } from '#oci/digest';
import { isIndex, MAX_MANIFEST_BYTES, parseManifest } from '#oci/image';
import { parseReference } from '#oci/reference';
import { NetworkError, Remote, type Repository } from '#oci/remote';
import type { Core } from '../content/core.ts';
import { type Manifests, partsOf } from '../content/manifests.ts';
import { Refusal } from '../errors.ts';
import type { Reference } from '../names.ts';

export interface UpstreamOptions {
  /** Repositories whose names begin so are the upstream's, without it: `hub/`; empty for all. */
  readonly prefix: string;
  /** `https://registry-1.docker.io` */
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Milliseconds for which a tag is believed without asking again. */
  readonly ttl: number;
}

const ATTEMPTS = 3;

/** Another registry, whose repositories are here as soon as somebody wants them, and stay. */
export class Upstream implements AsyncDisposable {
  readonly options: UpstreamOptions;
  readonly #core: Core;
  readonly #manifests: Manifests;
  readonly #remotes = new Map<string, Repository>();
  readonly #asked = new Map<string, number>();
  /** What one asks for, the next who wants it waits for. */
  readonly #locks = new KeyedLock();

  constructor(options: UpstreamOptions, core: Core, manifests: Manifests) {
    this.options = options;
    this.#core = core;
    this.#manifests = manifests;
  }

  has(repository: string): boolean {
    return repository.startsWith(this.options.prefix) && repository.length > this.options.prefix.length;
  }

  /** Sees to it that a manifest is here, and that a tag is not older than `ttl`. What is not to be had is left as it is. */
  async refresh(repository: string, reference: Reference): Promise<void> {
    using _ = await this.#locks.acquire(`${repository} ${reference.digest ?? reference.tag}`);
    const { catalogue, log } = this.#core;
    if (reference.digest) {
      if (await catalogue.manifests.get(repository, reference.digest)) return;
    } else if (Date.now() - (this.#asked.get(`${repository}:${reference.tag}`) ?? 0) < this.options.ttl)
      return;
    try {
      await (reference.digest
        ? this.#fetch(repository, reference)
        : this.#refreshTag(repository, reference.tag));
    } catch (error) {
      const refusal = refusalOf(error, repository);
      if (refusal.status !== 404 && (await this.#isHere(repository, reference))) {
        log.warn('the upstream cannot be asked: what is here is served', {
          repository,
          error: messageOf(error),
        });
        return;
      }
      if (refusal.status === 404) return;
      throw refusal;
    }
  }

  /** The size of a blob that one of the repository's manifests names; undefined when none does. */
  async sizeOf(repository: string, digest: Digest): Promise<number | undefined> {
    const { catalogue, storage } = this.#core;
    for (const name of (await catalogue.manifests.list([repository])) as Digest[]) {
      const record = await catalogue.manifests.get(repository, name);
      if (!record) continue;
      const manifest = parseManifest(await storage.read(name, MAX_MANIFEST_BYTES), record.mediaType);
      const part = isIndex(manifest) ? undefined : partsOf(manifest).find((found) => found.digest === digest);
      if (part) return part.size;
    }
    return undefined;
  }

  /** @throws RegistryError, NetworkError, DigestMismatchError */
  blob(repository: string, digest: Digest, size: number, offset: number): AsyncIterable<Uint8Array> {
    const descriptor = { mediaType: 'application/octet-stream', digest, size };
    return this.#remote(repository).blob(descriptor, { offset });
  }

  /** Undefined when the upstream cannot be asked. */
  async tags(repository: string): Promise<string[] | undefined> {
    try {
      return (await this.#remote(repository).tags()).toSorted();
    } catch (error) {
      this.#core.log.warn('the upstream does not tell its tags', { repository, error: messageOf(error) });
      return undefined;
    }
  }

  async #refreshTag(repository: string, tag: string): Promise<void> {
    const { catalogue } = this.#core;
    const { digest, mediaType, size } = await this.#remote(repository).resolve(tag);
    const known = await catalogue.tags.get(repository, tag);
    if (known?.digest !== digest) {
      const here = await catalogue.manifests.get(repository, digest);
      if (here) await catalogue.tags.put({ digest, mediaType, size, updated: Date.now() }, repository, tag);
      else await this.#fetch(repository, { tag }, digest);
    }
    this.#asked.set(`${repository}:${tag}`, Date.now());
  }

  async #fetch(repository: string, reference: Reference, digest = reference.digest): Promise<void> {
    const name = digest ?? reference.tag ?? '';
    const { descriptor, content } = await this.#remote(repository).manifest(name);
    const { mediaType } = descriptor;
    await this.#manifests.put({ repository, reference, mediaType, content, partsElsewhere: true });
  }

  async #isHere(repository: string, { digest, tag }: Reference): Promise<boolean> {
    const { catalogue } = this.#core;
    return (digest ? catalogue.manifests.get(repository, digest) : catalogue.tags.get(repository, tag)).then(
      (found) => found !== undefined,
    );
  }

  #remote(repository: string): Repository {
    const known = this.#remotes.get(repository);
    if (known) return known;
    const { prefix, url, username, password } = this.options;
    const { host } = new URL(url);
    const hub = host === 'registry-1.docker.io' ? 'docker.io' : host;
    const remote = Remote.repository(parseReference(`${hub}/${repository.slice(prefix.length)}`), {
      endpoint: url,
      downloadAttempts: ATTEMPTS,
      ...(username !== undefined && { auth: { username, password } }),
    });
    this.#remotes.set(repository, remote);
    return remote;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#remotes.values()].map((remote) => remote[Symbol.asyncDispose]()));
  }
}

/** As it is told to our client: our credentials are not his. */
function refusalOf(error: unknown, repository: string): Refusal {
  if (error instanceof Refusal) return error;
  const kind = error instanceof BerthError ? error.kind : 'system';
  // What a registry does not want to show it calls unauthorized or forbidden.
  if (kind === 'not-found' || kind === 'unauthorized' || kind === 'forbidden')
    return new Refusal('MANIFEST_UNKNOWN', 'manifest unknown to the upstream', {
      detail: { name: repository },
      cause: error,
    });
  const away = error instanceof NetworkError || kind === 'unavailable';
  return new Refusal('UNAVAILABLE', `the upstream cannot be asked: ${messageOf(error)}`, {
    status: away ? 503 : 502,
    cause: error,
  });
}
