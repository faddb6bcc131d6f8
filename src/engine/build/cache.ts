import type { BuiltLayer } from '#engine/images';
import { now } from '#lib/time';
import type { Database, Records } from '#store';

/** What a step resulted in: the layers of the file system after it, bottom first. */
export interface Filesystem {
  readonly layers: readonly BuiltLayer[];
  /** RFC 3339: when it was made; a result from the cache keeps its time. */
  readonly created: string;
}

/** What `FROM scratch` begins with. */
export const NOTHING: Filesystem = { layers: [], created: '' };

/** Tells file systems apart: the chain id of the top layer. */
export const identityOf = ({ layers }: Filesystem): string => layers.at(-1)?.chainId ?? 'scratch';

export interface CacheRecord extends Filesystem {
  /** What it was, for people: `RUN make`. */
  readonly description: string;
  readonly lastUsed: string;
  readonly useCount: number;
  /** All that it was found by when it was made; absent in those of older versions. */
  readonly keys?: readonly string[];
}

/** Results of steps by the digest of what they were made of and how. */
export class BuildCache {
  readonly #records: Records<CacheRecord>;
  readonly #known = new Map<string, CacheRecord>();

  constructor(database: Database) {
    this.#records = database.records<CacheRecord>('build_cache');
    for (const { id, record } of this.#records.all()) this.#known.set(id, record);
  }

  get(key: string): CacheRecord | undefined {
    return this.#known.get(key);
  }

  put(keys: readonly string[], filesystem: Filesystem, description: string): void {
    const { layers, created } = filesystem;
    const record = { layers, created, description, lastUsed: now(), useCount: 0, keys };
    for (const key of keys) this.#put(key, record);
  }

  /** It was taken from here, and under another key will be found sooner. */
  use(key: string, record: CacheRecord): void {
    const keys = [...new Set([...(record.keys ?? []), key])];
    this.#put(key, { ...record, keys, lastUsed: now(), useCount: record.useCount + 1 });
  }

  delete(key: string): void {
    this.#known.delete(key);
    this.#records.delete(key);
  }

  entries(): IterableIterator<[string, CacheRecord]> {
    return this.#known.entries();
  }

  /** All layers that results consist of. */
  *layers(): Generator<BuiltLayer, void> {
    for (const { layers } of this.#known.values()) yield* layers;
  }

  #put(key: string, record: CacheRecord): void {
    this.#known.set(key, record);
    this.#records.put(key, record);
  }
}
