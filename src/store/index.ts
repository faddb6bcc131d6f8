// CONTRACT
import type { Readable } from 'node:stream';
/** The engine's SQLite database (node:sqlite, WAL, synchronous=NORMAL, one connection). */
export declare class Database implements Disposable {
  /** Opens or creates `path` (0600); `:memory:` for tests. Refuses a file from a newer Berth by name. */
  static open(path: string): Database;
  /** One SQLite transaction; nested calls join the outer one. Rolls back when `work` throws. */
  transaction<T>(work: () => T): T;
  /** A table of JSON documents by id, made on first use. `indexes` are unique JSON paths, e.g. `{ name: '$.name' }`. */
  records<T extends object>(
    name: string,
    options?: { unique?: Readonly<Record<string, string>> },
  ): Records<T>;
  [Symbol.dispose](): void;
}
/** Synchronous (tens of microseconds). A unique clash throws BerthError kind `conflict`. */
export interface Records<T extends object> {
  get(id: string): T | undefined;
  put(id: string, record: T): void;
  delete(id: string): boolean;
  /** In order of insertion. */
  all(): { id: string; record: T }[];
}
/**
 * Content-addressed blobs in an OCI image layout (`<root>/blobs/sha256/<hex>`): written to a temporary file, hashed while it
 * arrives, fsynced, renamed. Leases keep what is in use from garbage collection.
 */
export declare class BlobStore {
  static open(root: string): Promise<BlobStore>;
  path(digest: string): string;
  has(digest: string): Promise<boolean>;
  size(digest: string): Promise<number>;
  /** Small blobs (manifests, configs), bounded. */
  read(digest: string, limit?: number): Promise<Buffer>;
  open(digest: string, range?: { start: number; end?: number }): Readable;
  /** Hashes while writing; with `expected` a mismatch is an error naming both and nothing is kept. */
  write(
    content: Readable | Uint8Array,
    expected?: { digest?: string; size?: number },
    signal?: AbortSignal,
  ): Promise<{ digest: string; size: number }>;
  /** A resumable download: what has arrived stays on disk under `key` until `commit` or `discard`. */
  ingest(key: string): Promise<Ingest>;
  delete(digest: string): Promise<void>;
  list(): AsyncIterable<{ digest: string; size: number }>;
}
export interface Ingest {
  /** Bytes already here. */
  readonly offset: number;
  append(content: Readable, signal?: AbortSignal): Promise<void>;
  commit(expected: { digest: string; size: number }): Promise<void>;
  discard(): Promise<void>;
}
