import type { Readable } from 'node:stream';
import type { Digest } from '#oci/digest';

/** Where a record is: `['tags', 'team/app', 'latest']`. Words are free text without `!`. */
export type Key = readonly string[];

export interface ListOptions {
  /** Only names that come later in the order. */
  readonly after?: string;
  readonly limit?: number;
}

/** Small documents. Each is there whole or not at all. */
export interface Records {
  get(key: Key): Promise<Buffer | undefined>;
  /** Replaces it; what was acknowledged survives a crash. */
  put(key: Key, content: Buffer): Promise<void>;
  /** Missing is fine. */
  delete(key: Key): Promise<void>;
  /** The last words of the keys that begin with `collection`, in the order of their paths (`a`, `a/b`, `a-b`). */
  list(collection: Key, options?: ListOptions): Promise<string[]>;
  /** The words below `collection` that have records below them. */
  groups(collection: Key): Promise<string[]>;
}

export interface StoredBlob {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** When it was stored, in milliseconds since 1970. */
  readonly stored: number;
}

/** What a registry keeps, and where: blobs by their digest, and records about them. */
export interface Storage {
  readonly records: Records;
  /** Undefined when there is no such blob. */
  size(digest: Digest): Promise<number | undefined>;
  /** `end` is inclusive. @throws notFound */
  open(digest: Digest, range?: { readonly start: number; readonly end: number }): Promise<Readable>;
  /** @throws notFound; invalid when it is larger than `limit` */
  read(digest: Digest, limit: number): Promise<Buffer>;
  /** Makes a file the blob of that digest, which the caller has verified. The file is gone afterwards. */
  adopt(path: string, blob: { readonly digest: Digest; readonly size: number }): Promise<void>;
  /** Missing is fine. */
  delete(digest: Digest): Promise<void>;
  list(): AsyncIterable<StoredBlob>;
  /** @throws unless things can be written and read here */
  check(): Promise<void>;
  /** What other OCI tools see of it, where they can: the layout's index. */
  publish?(manifests: readonly object[]): Promise<void>;
  close(): Promise<void>;
}

/** Slashes become what sorts before all else, so that the order is that of paths. */
export const encodeWord = (word: string): string => word.replaceAll('/', '!');
export const decodeWord = (word: string): string => word.replaceAll('!', '/');
