import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '#lib/errors';
import { type Digest, DigestMismatchError, parseDigest, SizeMismatchError } from '#oci/digest';
import { type Ingest, openIngest } from '#store';
import type { Blobs } from '../content/blobs.ts';
import type { Core } from '../content/core.ts';
import type { Manifests } from '../content/manifests.ts';
import { Arrival } from './arrival.ts';
import { Upstream, type UpstreamOptions } from './upstream.ts';

/** The upstreams of a registry, and the blobs that are coming from them: each once, however many want it. */
export class Upstreams implements AsyncDisposable {
  readonly #core: Core;
  readonly #blobs: Blobs;
  readonly #directory: string;
  readonly #all: readonly Upstream[];
  readonly #arrivals = new Map<string, Promise<Arrival>>();

  /** @param root of the registry: what has come of a blob stays below it, to go on from */
  constructor(
    options: readonly UpstreamOptions[],
    { core, blobs, manifests, root }: { core: Core; blobs: Blobs; manifests: Manifests; root: string },
  ) {
    this.#core = core;
    this.#blobs = blobs;
    this.#directory = join(root, 'ingest');
    // The longest prefix decides.
    const ordered = options.toSorted((a, b) => b.prefix.length - a.prefix.length);
    this.#all = ordered.map((one) => new Upstream(one, core, manifests));
  }

  of(repository: string): Upstream | undefined {
    return this.#all.find((upstream) => upstream.has(repository));
  }

  /** A blob that is not here yet; undefined when no manifest of its repository names it. @throws DENIED */
  async arrival(repository: string, digest: Digest): Promise<Arrival | undefined> {
    const upstream = this.of(repository);
    const size = await upstream?.sizeOf(repository, digest);
    if (!upstream || size === undefined) return undefined;
    const key = `${repository} ${digest}`;
    const coming = this.#arrivals.get(key);
    if (coming) return coming;
    this.#core.quotas.expect(repository, size, digest);
    const started = this.#start(upstream, repository, { digest, size });
    this.#arrivals.set(key, started);
    started.catch(() => this.#arrivals.delete(key));
    return started;
  }

  async #start(
    upstream: Upstream,
    repository: string,
    blob: { readonly digest: Digest; readonly size: number },
  ): Promise<Arrival> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    // By repository too: two of them may get the same blob from two upstreams at once.
    const name = `${repository.replaceAll('/', '!')}!${blob.digest.replace(':', '-')}`;
    const path = join(this.#directory, name);
    const { storage } = this.#core;
    const ingest = await openIngest(path, (file, { digest, size }) =>
      storage.adopt(file, { digest: parseDigest(digest), size }),
    );
    const arrival = new Arrival(blob, {
      path,
      here: () => ingest.offset,
      stored: (range) => storage.open(blob.digest, range),
    });
    void this.#receive(upstream, repository, { arrival, ingest });
    return arrival;
  }

  async #receive(
    upstream: Upstream,
    repository: string,
    { arrival, ingest }: { arrival: Arrival; ingest: Ingest },
  ): Promise<void> {
    const { digest, size } = arrival.blob;
    try {
      if (size === 0 || ingest.offset < size)
        await ingest.append(noting(upstream.blob(repository, digest, size, ingest.offset), arrival));
      await this.#core.inUse.use(digest);
      await ingest.commit({ digest, size });
      await this.#blobs.link(repository, digest, size);
      arrival.end();
    } catch (error) {
      this.#core.log.warn('a blob did not come from the upstream', {
        repository,
        digest,
        error: messageOf(error),
      });
      // What broke off is gone on with; what is wrong is not.
      if (error instanceof DigestMismatchError || error instanceof SizeMismatchError) await ingest.discard();
      arrival.end(error);
    }
    this.#arrivals.delete(`${repository} ${digest}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#all.map((upstream) => upstream[Symbol.asyncDispose]()));
  }
}

/** When the next piece is asked for, the last ones may have been written. */
async function* noting(
  content: AsyncIterable<Uint8Array>,
  arrival: Arrival,
): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of content) {
    yield chunk;
    arrival.progress();
  }
}
