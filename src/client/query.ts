import { encodeFilters, type Filters } from '#protocol';

export type QueryValue = string | number | boolean | readonly string[] | Filters | undefined;

/** `?a=1&b=x`; what is undefined, false or empty is left out, as Docker's clients do. */
export function formatQuery(query: Readonly<Record<string, QueryValue>> = {}): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(query)) {
    for (const text of textsOf(value)) parts.push(`${name}=${encodeURIComponent(text)}`);
  }
  return parts.length > 0 ? `?${parts.join('&')}` : '';
}

function textsOf(value: QueryValue): readonly string[] {
  if (value === undefined || value === false || value === '') return [];
  if (value === true) return ['1'];
  if (typeof value === 'string') return [value];
  if (typeof value === 'number') return [String(value)];
  if (value instanceof Map) return value.size > 0 ? [encodeFilters(value)] : [];
  return value as readonly string[];
}

/** One path segment: a name with a slash or a question mark in it stays a name. */
export const segment = (text: string): string => encodeURIComponent(text);

/** An image name in a path keeps its slashes, as Docker's routes expect. */
export const imagePath = (name: string): string =>
  name.split('/').map(encodeURIComponent).join('/').replaceAll('%3A', ':').replaceAll('%40', '@');
