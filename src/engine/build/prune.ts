import type { Images } from '#engine/images';
import type { Snapshots } from '#engine/snapshots';
import { parseTime } from '#lib/time';
import type { BuildCache } from './cache.ts';
import { bytesToKeep, freeBytes, type KeepLimits } from './keep.ts';
import { type CacheEntry, cacheEntries, forgetEntries } from './usage.ts';

export interface PruneCacheOptions {
  /** Also what images share. */
  readonly all: boolean;
  /** Nanoseconds: only what was last used before. */
  readonly until?: bigint;
  /** Only these. */
  readonly matches?: (entry: CacheEntry) => boolean;
  /** How much may stay: the most recently used does. Default: nothing that is chosen. */
  readonly keep?: KeepLimits;
}

export interface PrunedCache {
  readonly removed: readonly CacheEntry[];
  /** Bytes that are free now. */
  readonly reclaimed: number;
}

/** Forgets results of steps, the least recently used first, and removes layers that nobody else needs. */
export async function pruneCache(
  cache: BuildCache,
  domains: { readonly root: string; readonly images: Images; readonly snapshots: Snapshots },
  options: PruneCacheOptions,
): Promise<PrunedCache> {
  const entries = await cacheEntries(cache, domains);
  const removed: CacheEntry[] = [];
  let left = entries.reduce((sum, { size }) => sum + size, 0);
  const kept = options.keep && bytesToKeep(options.keep, left, await freeBytes(domains.root));
  for (const entry of entries) {
    if (kept !== undefined && left <= kept) break;
    if (!isChosen(entry, options)) continue;
    removed.push(entry);
    left -= entry.size;
  }
  await forgetEntries(cache, domains.images, removed);
  const freed = removed.filter(({ shared }) => !shared);
  return { removed, reclaimed: freed.reduce((sum, { size }) => sum + size, 0) };
}

function isChosen(entry: CacheEntry, { all, until, matches }: PruneCacheOptions): boolean {
  if (entry.shared && !all) return false;
  if (until !== undefined && (parseTime(entry.lastUsed) ?? 0n) >= until) return false;
  return matches?.(entry) ?? true;
}
