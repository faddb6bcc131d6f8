import { type Span, sizeOf } from './span.ts';

/** Something that rules tell apart values by: one address or port in a rule, or a whole named set of them. */
export interface Mention {
  /** What has the same name is in or out of the same rule together. */
  readonly name: string;
  readonly span: Span;
}

/** Values that no rule tells apart: what holds for one of them holds for all. */
export interface Group {
  readonly spans: readonly Span[];
  /** One of them, in the middle of the largest span: at the ends are addresses of networks and broadcasts. */
  readonly sample: bigint;
}

/**
 * Divides `space` by what is mentioned. Values with the same mentions are one group, so that a set of a hundred
 * thousand addresses is one more group and not a hundred thousand.
 */
export function divide(space: Span, mentions: readonly Mention[], excluded: readonly Span[] = []): Group[] {
  const groups = new Map<string, Span[]>();
  for (const { span, names } of sweep(space, [
    ...mentions.filter(({ span }) => span.last >= space.first && span.first <= space.last),
    ...excluded.map((span) => ({ name: EXCLUDED, span })),
  ])) {
    if (names.has(EXCLUDED)) continue;
    const key = [...names].sort().join('\n');
    const spans = groups.get(key);
    if (spans) spans.push(span);
    else groups.set(key, [span]);
  }
  return [...groups.values()].map((spans) => ({ spans, sample: sampleOf(spans) }));
}

const EXCLUDED = '\0excluded';

function sampleOf(spans: readonly Span[]): bigint {
  const largest = spans.reduce((a, b) => (sizeOf(b) > sizeOf(a) ? b : a));
  return largest.first + (sizeOf(largest) - 1n) / 2n;
}

interface Edge {
  readonly at: bigint;
  readonly name: string;
  readonly change: 1 | -1;
}

/** The space in order, cut wherever something begins or ends, with the names of what covers each piece. */
function* sweep(
  space: Span,
  mentions: readonly Mention[],
): Generator<{ span: Span; names: ReadonlySet<string> }> {
  const edges: Edge[] = mentions.flatMap(({ name, span }): Edge[] => [
    { at: span.first > space.first ? span.first : space.first, name, change: 1 },
    { at: span.last + 1n, name, change: -1 },
  ]);
  edges.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const depth = new Map<string, number>();
  const names = new Set<string>();
  let from = space.first;
  for (const { at, name, change } of edges) {
    if (at > from && from <= space.last) {
      const last = at - 1n < space.last ? at - 1n : space.last;
      yield { span: { first: from, last }, names };
      from = at;
    }
    const now = (depth.get(name) ?? 0) + change;
    depth.set(name, now);
    if (now > 0) names.add(name);
    else names.delete(name);
  }
  if (from <= space.last) yield { span: { first: from, last: space.last }, names };
}
