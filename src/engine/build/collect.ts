import { statfs } from 'node:fs/promises';
import type { Images } from '#engine/images';
import type { Snapshots } from '#engine/snapshots';
import type { BuildCache } from './cache.ts';
import { type CacheEntry, cacheEntries, forgetEntries } from './usage.ts';

/** What of the cache goes by itself. */
export interface CachePolicy {
  /** Bytes that may stay, not counting what images share. */
  readonly keep: number;
  /** Milliseconds: what nobody used for so long goes. */
  readonly unusedFor: number;
}

const DAY = 24 * 3600 * 1000;
const LEAST = 2 * 2 ** 30;

/** A tenth of the disk, and two months. */
export async function defaultPolicy(root: string): Promise<CachePolicy> {
  const { blocks, bsize } = await statfs(root);
  return { keep: Math.max(LEAST, Math.floor((blocks * bsize) / 10)), unusedFor: 60 * DAY };
}

/**
 * Forgets results that are old or too many, the least recently used first, and removes their layers. What images share
 * takes no room of its own, and what a build works with is held by its work: neither goes.
 */
export async function collectCache(
  cache: BuildCache,
  domains: { readonly images: Images; readonly snapshots: Snapshots },
  policy: CachePolicy,
  now: number,
): Promise<void> {
  await forgetEntries(cache, domains.images, superfluousIn(await cacheEntries(cache, domains), policy, now));
}

/** `entries`: the least recently used first. */
export function superfluousIn(
  entries: readonly CacheEntry[],
  { keep, unusedFor }: CachePolicy,
  now: number,
): CacheEntry[] {
  const own = entries.filter(({ shared }) => !shared);
  let left = own.reduce((sum, { size }) => sum + size, 0);
  return own.filter(({ size, lastUsed }) => {
    if (left <= keep && now - Date.parse(lastUsed) <= unusedFor) return false;
    left -= size;
    return true;
  });
}
