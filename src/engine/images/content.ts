import type { Snapshots } from '#engine/snapshots';
import { messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';
import type { BlobStore, Lease } from '#store';
import type { Catalog } from './catalog.ts';

/** Blobs and layers that one verb works on: nobody collects them before it ends. */
export interface Work extends AsyncDisposable {
  /** A blob's digest or a layer's chain id. */
  hold(digest: string): void;
}

interface RetainedLayer {
  readonly chainId: string;
  readonly blob: { readonly digest: string };
}

/** The blobs and unpacked layers behind the catalog, and their garbage collection. */
export class Content {
  readonly blobs: BlobStore;
  readonly snapshots: Snapshots;
  readonly #catalog: Catalog;
  readonly #log: Logger;
  readonly #layersHeld = new Set<Lease>();
  readonly #retained: () => Iterable<RetainedLayer>;
  #collecting: Promise<void> | undefined;
  #again = false;

  /** `retained`: layers that are needed beside those of images. */
  constructor(
    blobs: BlobStore,
    snapshots: Snapshots,
    catalog: Catalog,
    log: Logger,
    retained: () => Iterable<RetainedLayer> = () => [],
  ) {
    this.#retained = retained;
    this.blobs = blobs;
    this.snapshots = snapshots;
    this.#catalog = catalog;
    this.#log = log;
  }

  /** What the catalog does not refer to when the work ends is removed: a failed verb leaves nothing. */
  begin(): Work {
    const lease = this.blobs.lease();
    this.#layersHeld.add(lease);
    return {
      hold: (digest) => lease.add(digest),
      [Symbol.asyncDispose]: async () => {
        lease[Symbol.dispose]();
        this.#layersHeld.delete(lease);
        const { blobs: content, layers } = this.#needed();
        const leftOver = [...lease.digests].some((digest) => !content.has(digest) && !layers.has(digest));
        if (leftOver) await this.collect();
      },
    };
  }

  /** Removes every blob and layer that no image, work or container needs. Resolves when a whole pass that began after the call is over. */
  async collect(): Promise<void> {
    if (this.#collecting) {
      this.#again = true;
      return this.#collecting;
    }
    this.#collecting = this.#passes();
    try {
      await this.#collecting;
    } finally {
      this.#collecting = undefined;
    }
  }

  async #passes(): Promise<void> {
    do {
      this.#again = false;
      try {
        await this.#pass();
      } catch (error) {
        this.#log.warn('unused image content could not be removed', { error: messageOf(error) });
      }
    } while (this.#again);
  }

  async #pass(): Promise<void> {
    await this.blobs.collect(() => this.#needed().blobs);
    const layers = await this.snapshots.layers();
    // Synchronous from here on: nothing can begin to use a layer between the look and the removal.
    const needed = this.#needed().layers;
    const held = (chainId: string) => [...this.#layersHeld].some(({ digests }) => digests.has(chainId));
    const garbage = layers.filter(
      (chainId) => !needed.has(chainId) && !held(chainId) && !this.snapshots.isLayerUsed(chainId),
    );
    await Promise.all(garbage.map((chainId) => this.snapshots.removeLayer(chainId)));
  }

  /** The stored tar of every layer that is needed, by chain id. */
  stored(): Map<string, string> {
    const layers = [...this.#catalog.images.values()].flatMap((image) => image.layers);
    return new Map([...layers, ...this.#retained()].map(({ chainId, blob }) => [chainId, blob.digest]));
  }

  #needed(): { blobs: Set<string>; layers: Set<string> } {
    const blobs = this.#catalog.content();
    const layers = this.#catalog.layers();
    for (const { chainId, blob } of this.#retained()) {
      blobs.add(blob.digest);
      layers.add(chainId);
    }
    return { blobs, layers };
  }
}
