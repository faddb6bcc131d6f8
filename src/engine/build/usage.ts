import type { Images } from '#engine/images';
import type { Snapshots } from '#engine/snapshots';
import { isKind } from '#lib/errors';
import { type BuildCache, type CacheRecord, identityOf } from './cache.ts';

/** A result in the cache, under however many keys it is found. */
export interface CacheEntry {
  /** Chain id of its top layer, hex. */
  readonly id: string;
  readonly keys: readonly string[];
  readonly description: string;
  /** RFC 3339. */
  readonly created: string;
  readonly lastUsed: string;
  readonly useCount: number;
  /** Bytes of the layer that it added, unpacked. */
  readonly size: number;
  /** An image has that layer too: removing the entry frees nothing. */
  readonly shared: boolean;
}

/** What the build cache holds, the least recently used first. */
export async function cacheEntries(
  cache: BuildCache,
  { images, snapshots }: { readonly images: Images; readonly snapshots: Snapshots },
): Promise<CacheEntry[]> {
  const inImages = images.layers();
  const groups = Map.groupBy(cache.entries(), ([, record]) => identityOf(record));
  const entries = await Promise.all(
    [...groups].map(async ([identity, members]) => ({
      ...summary(members),
      id: identity.replace(/^sha256:/, ''),
      size: await layerSize(snapshots, identity),
      shared: inImages.has(identity),
    })),
  );
  return entries.sort((a, b) => (a.lastUsed < b.lastUsed ? -1 : 1));
}

/** Forgets them, and removes the layers that nobody else needs. */
export async function forgetEntries(
  cache: BuildCache,
  images: Images,
  entries: readonly CacheEntry[],
): Promise<void> {
  for (const { keys } of entries) for (const key of keys) cache.delete(key);
  if (entries.length > 0) await images.collect();
}

function summary(
  members: readonly (readonly [string, CacheRecord])[],
): Omit<CacheEntry, 'id' | 'size' | 'shared'> {
  const records = members.map(([, record]) => record);
  const times = (which: 'created' | 'lastUsed') => records.map((record) => record[which]).sort();
  return {
    keys: members.map(([key]) => key),
    description: records[0]?.description ?? '',
    created: times('created').at(0) ?? '',
    lastUsed: times('lastUsed').at(-1) ?? '',
    useCount: records.reduce((sum, { useCount }) => sum + useCount, 0),
  };
}

async function layerSize(snapshots: Snapshots, chainId: string): Promise<number> {
  try {
    return (await snapshots.layerUsage(chainId)).size;
  } catch (error) {
    if (isKind(error, 'not-found') || isKind(error, 'invalid')) return 0;
    throw error;
  }
}
