import type { Engine } from '#engine';
import { invalid } from '#lib/errors';
import { header, type ImageSearchResult } from '#protocol';
import { registryAuth } from '../../decode/registry-auth.ts';
import { booleanFilter } from '../../filters/match.ts';
import type { Router } from '../../router.ts';

const SEARCH_FILTERS = ['is-automated', 'is-official', 'stars'] as const;

export function searchRoutes(router: Router, { images }: Engine): void {
  router.get('/images/search', async (exchange) => {
    const { query, signal } = exchange;
    const filters = query.filters(SEARCH_FILTERS);
    const automated = booleanFilter(filters, 'is-automated');
    const official = booleanFilter(filters, 'is-official');
    const stars = Math.max(0, ...(filters.get('stars') ?? []).map(starCount));
    const limit = query.integer('limit');
    if (limit !== undefined && limit < 0) throw invalid(`invalid limit specified: ${limit}`);
    // No index says any more what was built automatically.
    if (automated) return exchange.json([]);
    const auth = registryAuth(exchange.header(header.registryAuth));
    const found = await images.search(query.text('term'), {
      ...(limit && { limit }),
      ...(auth && { auth }),
      signal,
    });
    const rows = found
      .filter((row) => row.stars >= stars && (official === undefined || official === row.official))
      .map(
        (row): ImageSearchResult => ({
          star_count: row.stars,
          is_official: row.official,
          name: row.name,
          is_automated: false,
          description: row.description,
        }),
      );
    exchange.json(rows);
  });
}

function starCount(text: string): number {
  if (!/^[+-]?\d{1,15}$/.test(text)) throw invalid(`invalid filter 'stars=${text}'`);
  return Number(text);
}
