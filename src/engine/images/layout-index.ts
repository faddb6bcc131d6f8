import { messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';
import type { BlobStore } from '#store';
import type { Catalog } from './catalog.ts';

/**
 * Keeps the content store's index.json in step with the catalog, so that any OCI tool finds our images by their
 * canonical names. Nothing of ours reads it: it may lag behind, and is written anew at the next start.
 */
export class LayoutIndex {
  readonly #blobs: BlobStore;
  readonly #log: Logger;
  #writing: Promise<void> | undefined;
  #stale = false;

  constructor(blobs: BlobStore, log: Logger) {
    this.#blobs = blobs;
    this.#log = log;
  }

  refresh(catalog: Catalog): void {
    this.#stale = true;
    this.#writing ??= this.#write(catalog).finally(() => (this.#writing = undefined));
  }

  async settled(): Promise<void> {
    await this.#writing;
  }

  async #write(catalog: Catalog): Promise<void> {
    while (this.#stale) {
      this.#stale = false;
      try {
        await this.#blobs.writeIndex(manifestsOf(catalog));
      } catch (error) {
        this.#log.warn("the content store's index.json could not be written", { error: messageOf(error) });
      }
    }
  }
}

function manifestsOf(catalog: Catalog): object[] {
  const named = [...catalog.names].map(([name, { target }]) => ({
    ...target,
    annotations: { 'org.opencontainers.image.ref.name': name },
  }));
  const targets = new Set(named.map(({ digest }) => digest));
  const nameless = [...catalog.images.values()].filter(
    ({ listed, manifest }) => listed && !targets.has(manifest.digest),
  );
  return [...named, ...nameless.map(({ manifest }) => manifest)];
}
