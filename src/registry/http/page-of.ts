import { Refusal } from '../errors.ts';

/** Which part of a list a request wants. */
export interface Page {
  /** Undefined: all of it. */
  readonly limit: number | undefined;
  readonly after: string | undefined;
}

/** @throws PAGINATION_NUMBER_INVALID */
export function pageOf(query: URLSearchParams, most = Number.POSITIVE_INFINITY): Page {
  const n = query.get('n');
  if (n !== null && !/^\d{1,15}$/.test(n))
    throw new Refusal('PAGINATION_NUMBER_INVALID', `invalid number of results requested: ${n.slice(0, 40)}`, {
      detail: { n: n.slice(0, 40) },
    });
  const wanted = n === null ? most : Math.min(Number(n), most);
  return {
    limit: Number.isFinite(wanted) ? wanted : undefined,
    after: query.get('last') || undefined,
  };
}

/** RFC 8288; nothing when this was the end. */
export function linkToNext(
  path: string,
  page: Page,
  names: readonly string[],
  more: boolean,
): Record<string, string> {
  const last = names.at(-1);
  if (!more || last === undefined) return {};
  return { link: `<${path}?last=${encodeURIComponent(last)}&n=${page.limit ?? names.length}>; rel="next"` };
}
