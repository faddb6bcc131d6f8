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
  readonly diffId: string;
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
    blobs.alsoIn((digest) => snapshots.archiveOf(digest));
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
    const { blobs } = this.#needed();
    await Promise.all(
      garbage
        .filter((chainId) => !this.#isSource(chainId, blobs))
        .map((chainId) => this.snapshots.removeLayer(chainId)),
    );
  }

  /**
   * Layers that were never compressed are here twice after they came: as blobs, and as the tars in their images. The
   * blobs go, once the images are safe: whoever wants one reads the part of the image.
   */
  async dropTwins(): Promise<void> {
    try {
      const plain = Map.groupBy(
        this.#neededLayers().filter(({ blob, diffId }) => blob.digest === diffId),
        ({ diffId }) => diffId,
      );
      for (const [digest, layers] of plain) {
        if (!this.blobs.hasFile(digest)) continue;
        const secured = await Promise.all(
          layers.map(({ chainId }) => this.snapshots.securesArchive(chainId)),
        );
        const isTwin = secured.every(Boolean) && this.snapshots.archiveOf(digest) !== undefined;
        if (isTwin && !this.blobs.isLeased(digest)) await this.blobs.delete(digest, Number.POSITIVE_INFINITY);
      }
    } catch (error) {
      this.#log.warn('tars that are stored twice could not be removed', { error: messageOf(error) });
    }
  }

  /** Whether its tar is a blob that somebody needs, and has no file of its own. */
  #isSource(chainId: string, needed: ReadonlySet<string>): boolean {
    const { diffId } = this.snapshots.layerArchive(chainId) ?? {};
    if (diffId === undefined || !(needed.has(diffId) || this.blobs.isLeased(diffId))) return false;
    return !this.blobs.hasFile(diffId);
  }

  /** The stored tar of every layer that is needed, by chain id. */
  stored(): Map<string, string> {
    return new Map(this.#neededLayers().map(({ chainId, blob }) => [chainId, blob.digest]));
  }

  #neededLayers(): RetainedLayer[] {
    const layers = [...this.#catalog.images.values()].flatMap((image) => image.layers);
    return [...layers, ...this.#retained()];
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
