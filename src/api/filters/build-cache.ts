import type { CacheEntry } from '#engine/build';
import type { Filters } from '#protocol';
import { anyOf, booleanFilter } from './match.ts';

/** Of `POST /build/prune`; `until` and `unused-for` are the same. */
export const BUILD_CACHE_FILTERS = [
  'until',
  'unused-for',
  'id',
  'type',
  'description',
  'inuse',
  'shared',
  'private',
] as const;

/** Entries are of the type `regular`, and none is in use: a step takes what it needs as its own. @throws invalid */
export function buildCacheMatches(filters: Filters): (entry: CacheEntry) => boolean {
  const [inUse, shared, exclusive] = ['inuse', 'shared', 'private'].map((name) =>
    booleanFilter(filters, name),
  );
  return (entry) =>
    anyOf(filters, 'id', (prefix) => entry.id.startsWith(prefix)) &&
    anyOf(filters, 'type', (type) => type === 'regular') &&
    anyOf(filters, 'description', (text) => text === entry.description) &&
    inUse !== true &&
    (shared === undefined || shared === entry.shared) &&
    (exclusive === undefined || exclusive !== entry.shared);
}
