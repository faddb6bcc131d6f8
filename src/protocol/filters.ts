/** Name -> wanted values, as in `--filter name=value`. */
export type Filters = ReadonlyMap<string, readonly string[]>;

/** The `filters` query parameter: `{"name":{"value":true}}`, the form that every version reads. */
export function encodeFilters(filters: Filters): string {
  const encoded: Record<string, Record<string, true>> = {};
  for (const [name, values] of filters) {
    encoded[name] = Object.fromEntries(values.map((value) => [value, true] as const));
  }
  return JSON.stringify(encoded);
}

/**
 * Reads both forms that clients send: `{"name":{"value":true}}` and the older `{"name":["value"]}`.
 * Undefined when the text is neither.
 */
export function decodeFilters(text: string): Filters | undefined {
  let decoded: unknown;
  try {
    decoded = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (decoded === null) return new Map();
  if (typeof decoded !== 'object' || Array.isArray(decoded)) return undefined;
  const filters = new Map<string, readonly string[]>();
  for (const [name, values] of Object.entries(decoded)) {
    const list = valuesOf(values);
    if (!list) return undefined;
    filters.set(name, list);
  }
  return filters;
}

function valuesOf(values: unknown): string[] | undefined {
  if (values === null) return [];
  if (Array.isArray(values)) return values.every((value) => typeof value === 'string') ? values : undefined;
  if (typeof values !== 'object') return undefined;
  const entries = Object.entries(values);
  if (!entries.every(([, wanted]) => typeof wanted === 'boolean')) return undefined;
  return entries.filter(([, wanted]) => wanted === true).map(([value]) => value);
}
