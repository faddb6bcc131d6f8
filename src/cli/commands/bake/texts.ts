/** The same value with every text in it replaced. `place`, for messages, is followed into objects. */
export function mapTexts(
  value: unknown,
  place: string,
  replace: (text: string, place: string) => unknown,
): unknown {
  if (typeof value === 'string') return replace(value, place);
  if (Array.isArray(value)) return value.map((entry) => mapTexts(entry, place, replace));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, own]) => [key, mapTexts(own, `${place}.${key}`, replace)]),
  );
}
