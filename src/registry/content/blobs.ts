import type { Readable } from 'node:stream';
import type { Digest } from '#oci/digest';
import { Refusal } from '../errors.ts';
import type { Core } from './core.ts';

/** A blob that is asked for again within this time needs no new note of it: a quarter of an hour. */
const NOTE_EVERY_MS = 15 * 60 * 1000;

export interface BlobInfo {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

/** Blobs as repositories have them: one content, any number of repositories. */
export class Blobs {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** @throws BLOB_UNKNOWN unless the repository has it */
  async stat(repository: string, digest: Digest): Promise<BlobInfo> {
    const found = await this.find(repository, digest);
    if (!found) throw unknownBlob(digest);
    return found;
  }

  async find(repository: string, digest: Digest): Promise<BlobInfo | undefined> {
    const { catalogue, inUse, storage } = this.#core;
    await inUse.use(digest);
    const link = await catalogue.links.get(repository, digest);
    if (!link && !(await catalogue.manifests.get(repository, digest))) return undefined;
    const size = await storage.size(digest);
    if (size === undefined) return undefined;
    if (link && Date.now() - link.used > NOTE_EVERY_MS)
      await catalogue.links.put({ size, used: Date.now() }, repository, digest);
    return { digest, size };
  }

  /** `end` is inclusive. */
  open(digest: Digest, range?: { readonly start: number; readonly end: number }): Promise<Readable> {
    return this.#core.storage.open(digest, range);
  }

  /** The repository has a blob from now on. The blob is in the storage. @throws DENIED when its quota is used up */
  async link(repository: string, digest: Digest, size: number): Promise<void> {
    const { catalogue, quotas } = this.#core;
    quotas.take(repository, digest, size);
    try {
      await this.#core.inUse.use(digest);
      if (!(await catalogue.repositories.get(repository)))
        await catalogue.repositories.put({ created: Date.now() }, repository);
      await catalogue.links.put({ size, used: Date.now() }, repository, digest);
    } catch (error) {
      quotas.release(repository, digest);
      throw error;
    }
  }

  /** Takes a blob over from another repository; false when that does not have it. */
  async mount(repository: string, from: string, digest: Digest): Promise<boolean> {
    const found = await this.find(from, digest);
    if (!found) return false;
    await this.link(repository, digest, found.size);
    return true;
  }

  /** The repository no longer has it; the collection removes what nobody has. @throws BLOB_UNKNOWN */
  async delete(repository: string, digest: Digest): Promise<void> {
    const { catalogue, quotas } = this.#core;
    if (!(await catalogue.links.get(repository, digest))) throw unknownBlob(digest);
    await catalogue.links.delete(repository, digest);
    quotas.release(repository, digest);
  }
}

export const unknownBlob = (digest: string): Refusal =>
  new Refusal('BLOB_UNKNOWN', 'blob unknown to registry', { detail: { digest } });
