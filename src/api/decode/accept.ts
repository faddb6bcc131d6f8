/**
 * The offered type of content that a client likes best by its `Accept` header (RFC 9110, 12.5.1); of equals the
 * first, which is also what a wildcard gets. Undefined when it wants none of them or does not say.
 */
export function acceptedType<T extends string>(accept: string, offers: readonly T[]): T | undefined {
  const wanted = accept.split(',').map(readRange);
  let best: { offer: T; quality: number; precision: number } | undefined;
  for (const offer of offers) {
    for (const { type, quality } of wanted) {
      const precision = match(type, offer);
      if (precision === 0 || quality === 0) continue;
      const better =
        !best || quality > best.quality || (quality === best.quality && precision > best.precision);
      if (better) best = { offer, quality, precision };
    }
  }
  return best?.offer;
}

/** The offered encoding of content that a client likes best; undefined: as it is (RFC 9110, 12.5.3, as Docker reads it). */
export function acceptedEncoding<T extends string>(accept: string, offers: readonly T[]): T | undefined {
  const wanted = accept.split(',').map(readRange);
  let best: { readonly offer: T | undefined; readonly quality: number } = { offer: undefined, quality: 0 };
  for (const offer of offers) {
    for (const { type, quality } of wanted)
      if (quality > best.quality && (type === '*' || type === offer)) best = { offer, quality };
  }
  return best.offer;
}

function readRange(text: string): { type: string; quality: number } {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const quality = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
  return { type, quality: quality >= 0 && quality <= 1 ? quality : 0 };
}

/** 3 for the type itself, 1 and 2 for wildcards, 0 when it is another one. */
function match(range: string, offer: string): number {
  if (range === offer) return 3;
  if (range === '*/*') return 1;
  return range.endsWith('/*') && offer.startsWith(range.slice(0, -1)) ? 2 : 0;
}
