import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { CacheEntry, PruneCacheOptions } from '#engine/build';
import { invalid } from '#lib/errors';
import type { PruneRequest, UsageRecordSchema } from '#protocol/buildkit';
import { BUILD_CACHE_FILTERS, buildCacheMatches } from '../../filters/build-cache.ts';

/** A result in the cache as BuildKit's clients list it. */
export const usageRecord = (entry: CacheEntry): MessageInitShape<typeof UsageRecordSchema> => ({
  id: entry.id,
  size: BigInt(entry.size),
  createdAt: timestampFromMs(Date.parse(entry.created)),
  lastUsedAt: timestampFromMs(Date.parse(entry.lastUsed)),
  usageCount: BigInt(entry.useCount),
  description: entry.description,
  recordType: 'regular',
  shared: entry.shared,
});

/** Each text is a filter by itself: what one of them chooses is chosen. @throws invalid */
export function chosenBy(texts: readonly string[]): (entry: CacheEntry) => boolean {
  if (texts.length === 0) return () => true;
  const matches = texts.map((text) => buildCacheMatches(filtersOf(text)));
  return (entry) => matches.some((match) => match(entry));
}

/** `id==abc,type==regular`, `id~=^ab`: BuildKit's and containerd's language of filters, as far as clients use it. */
function filtersOf(text: string): ReadonlyMap<string, readonly string[]> {
  const filters = new Map<string, string[]>();
  for (const part of text.split(',').filter(Boolean)) {
    const [, name = '', operator, value = 'true'] = /^([a-z]+)(?:(~?==?)(.*))?$/.exec(part) ?? [];
    if (!BUILD_CACHE_FILTERS.some((known) => known === name) || operator === '~=')
      throw invalid(`filter "${part}" is not supported: use ${BUILD_CACHE_FILTERS.join(', ')} with ==`);
    filters.set(name, [...(filters.get(name) ?? []), value]);
  }
  return filters;
}

/** @throws invalid */
export function pruneOptions(request: PruneRequest): PruneCacheOptions {
  const size = (bytes: bigint) => (bytes > 0n ? Number(bytes) : undefined);
  const keep = {
    reserved: size(request.reservedSpace),
    maxUsed: size(request.maxUsedSpace),
    minFree: size(request.minFreeSpace),
  };
  return {
    all: request.all,
    matches: chosenBy(request.filter),
    ...(request.keepDuration > 0n && { until: BigInt(Date.now()) * 1_000_000n - request.keepDuration }),
    ...(Object.values(keep).some((bytes) => bytes !== undefined) && { keep }),
  };
}
