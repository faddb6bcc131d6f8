import { type Address, bitsOf, parseAddress } from '#lib/address';

/** From `first` to `last`, both included. */
export interface Span {
  readonly first: bigint;
  readonly last: bigint;
}

export const spanOfPorts = (first: number, last = first): Span => ({
  first: BigInt(first),
  last: BigInt(last),
});

/** The block of a prefix. */
export function spanOfPrefix({ family, value }: Address, prefix: number): Span {
  const host = BigInt(bitsOf(family) - prefix);
  const first = (value >> host) << host;
  return { first, last: first + (1n << host) - 1n };
}

/** @throws Error for what is no CIDR */
export function spanOfCidr(text: string): Span {
  const [address = '', prefix] = text.split('/');
  const parsed = parseAddress(address);
  if (!parsed) throw new Error(`not an address: ${text}`);
  return spanOfPrefix(parsed, prefix === undefined ? bitsOf(parsed.family) : Number(prefix));
}

export const sizeOf = ({ first, last }: Span): bigint => last - first + 1n;

export const within = ({ first, last }: Span, value: bigint): boolean => first <= value && value <= last;

/** Spans in order, with those put together that touch or overlap. */
export function merge(spans: readonly Span[]): Span[] {
  const merged: Span[] = [];
  for (const span of spans.toSorted((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))) {
    const last = merged.at(-1);
    if (last && span.first <= last.last + 1n) {
      if (span.last > last.last) merged[merged.length - 1] = { first: last.first, last: span.last };
    } else merged.push(span);
  }
  return merged;
}
