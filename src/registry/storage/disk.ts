import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { isKind } from '#lib/errors';
import { syncDirectory } from '#linux/files';
import type { Digest } from '#oci/digest';
import { BlobStore } from '#store';
import { DiskRecords } from './disk-records.ts';
import type { Storage, StoredBlob } from './storage.ts';

/** An OCI image layout below `root`, with the registry's records beside it in `records/`. */
export class DiskStorage implements Storage {
  readonly records: DiskRecords;
  readonly #blobs: BlobStore;

  private constructor(blobs: BlobStore) {
    this.#blobs = blobs;
    this.records = new DiskRecords(join(blobs.root, 'records'), join(blobs.root, 'tmp'));
  }

  static async open(root: string): Promise<DiskStorage> {
    return new DiskStorage(await BlobStore.open(root));
  }

  async size(digest: Digest): Promise<number | undefined> {
    try {
      return await this.#blobs.size(digest);
    } catch (error) {
      if (isKind(error, 'not-found')) return undefined;
      throw error;
    }
  }

  async open(digest: Digest, range?: { readonly start: number; readonly end: number }): Promise<Readable> {
    return Readable.from(this.#blobs.open(digest, range), { objectMode: false });
  }

  async read(digest: Digest, limit: number): Promise<Buffer> {
    return this.#blobs.read(digest, limit);
  }

  async adopt(path: string, blob: { readonly digest: Digest; readonly size: number }): Promise<void> {
    await this.#blobs.adopt(path, blob);
    await syncDirectory(dirname(this.#blobs.path(blob.digest)));
  }

  async delete(digest: Digest): Promise<void> {
    await this.#blobs.delete(digest);
  }

  async *list(): AsyncGenerator<StoredBlob, void> {
    for await (const { digest, size } of this.#blobs.list()) {
      const found = await stat(this.#blobs.path(digest)).catch(() => undefined);
      if (found) yield { digest, size, stored: found.ctimeMs };
    }
  }

  async check(): Promise<void> {
    const key = ['health', 'probe'];
    await this.records.put(key, Buffer.from(new Date().toISOString()));
    await this.records.get(key);
  }

  async publish(manifests: readonly object[]): Promise<void> {
    await this.#blobs.writeIndex(manifests);
  }

  async close(): Promise<void> {}
}
