import { open, rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { invalid, notFound } from '#lib/errors';
import { algorithmOf, type Digest, hexOf, isDigest } from '#oci/digest';
import { S3Bucket, type S3Options } from './s3-bucket.ts';
import {
  decodeWord,
  encodeWord,
  type Key,
  type ListOptions,
  type Records,
  type Storage,
  type StoredBlob,
} from './storage.ts';

const PART = 16 << 20;
/** S3's own limit. */
const MOST_PARTS = 10_000;

/** The same layout in an S3-compatible store: `blobs/`, `records/`, `index.json`. */
export class S3Storage implements Storage {
  readonly records: Records;
  readonly #bucket: S3Bucket;

  private constructor(bucket: S3Bucket) {
    this.#bucket = bucket;
    this.records = new S3Records(bucket);
  }

  static async open(options: S3Options): Promise<S3Storage> {
    const bucket = new S3Bucket(options);
    await bucket.put('oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
    return new S3Storage(bucket);
  }

  async size(digest: Digest): Promise<number | undefined> {
    return this.#bucket.size(keyOf(digest));
  }

  async open(digest: Digest, range?: { readonly start: number; readonly end: number }): Promise<Readable> {
    const found = await this.#bucket.get(keyOf(digest), range);
    if (!found) throw notFound(`content ${digest}: not found`);
    return found.content;
  }

  async read(digest: Digest, limit: number): Promise<Buffer> {
    const found = await this.#bucket.get(keyOf(digest));
    if (!found) throw notFound(`content ${digest}: not found`);
    if (found.size <= limit) return buffer(found.content);
    found.content.destroy();
    throw invalid(`${digest} is too large for what it is: ${found.size} bytes, at most ${limit}`);
  }

  async adopt(
    path: string,
    { digest, size }: { readonly digest: Digest; readonly size: number },
  ): Promise<void> {
    await using file = await open(path, 'r');
    const read = async (start: number, length: number) => {
      const content = Buffer.allocUnsafe(length);
      for (let at = 0; at < length; ) {
        const { bytesRead } = await file.read(content, at, length - at, start + at);
        if (bytesRead === 0) throw new Error(`${path} became shorter`);
        at += bytesRead;
      }
      return content;
    };
    const part = Math.max(PART, Math.ceil(size / MOST_PARTS));
    if (size <= part) await this.#bucket.put(keyOf(digest), await read(0, size));
    else {
      const partOf = (index: number) => read(index * part, Math.min(part, size - index * part));
      await this.#bucket.putParts(keyOf(digest), Math.ceil(size / part), partOf);
    }
    await rm(path, { force: true });
  }

  async delete(digest: Digest): Promise<void> {
    await this.#bucket.delete(keyOf(digest));
  }

  async *list(): AsyncGenerator<StoredBlob, void> {
    for (const algorithm of ['sha256', 'sha512']) {
      for await (const { key, size, modified } of this.#bucket.list(`blobs/${algorithm}`)) {
        const digest = `${algorithm}:${lastOf(key)}`;
        if (isDigest(digest)) yield { digest, size, stored: modified.getTime() };
      }
    }
  }

  async check(): Promise<void> {
    const key = ['health', 'probe'];
    await this.records.put(key, Buffer.from(new Date().toISOString()));
    await this.records.get(key);
  }

  async publish(manifests: readonly object[]): Promise<void> {
    const mediaType = 'application/vnd.oci.image.index.v1+json';
    await this.#bucket.put(
      'index.json',
      Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests })),
    );
  }

  async close(): Promise<void> {
    this.#bucket.close();
  }
}

/** Records as objects: `records/<kind>/<repository, its slashes as !>/<name>`. */
class S3Records implements Records {
  readonly #bucket: S3Bucket;

  constructor(bucket: S3Bucket) {
    this.#bucket = bucket;
  }

  async get(key: Key): Promise<Buffer | undefined> {
    const found = await this.#bucket.get(pathOf(key));
    return found && buffer(found.content);
  }

  async put(key: Key, content: Buffer): Promise<void> {
    await this.#bucket.put(pathOf(key), content);
  }

  async delete(key: Key): Promise<void> {
    await this.#bucket.delete(pathOf(key));
  }

  async list(
    collection: Key,
    { after, limit = Number.POSITIVE_INFINITY }: ListOptions = {},
  ): Promise<string[]> {
    const names: string[] = [];
    const from = after === undefined ? undefined : pathOf([...collection, after]);
    if (limit === 0) return names;
    for await (const { key } of this.#bucket.list(pathOf(collection), from)) {
      names.push(decodeWord(lastOf(key)));
      if (names.length >= limit) break;
    }
    return names;
  }

  async groups(collection: Key): Promise<string[]> {
    return (await this.#bucket.folders(pathOf(collection))).map((folder) => decodeWord(lastOf(folder)));
  }
}

const keyOf = (digest: Digest): string => `blobs/${algorithmOf(digest)}/${hexOf(digest)}`;
const pathOf = (key: Key): string => ['records', ...key.map(encodeWord)].join('/');
const lastOf = (key: string): string => key.slice(key.lastIndexOf('/') + 1);
