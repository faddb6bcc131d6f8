import { invalid } from '#lib/errors';
import type { Filters } from '#protocol';
import { timestamp } from '../decode/time.ts';

export type Labels = Readonly<Record<string, string>>;

/** Absent filters let everything pass; of several values one must do. */
export function anyOf(filters: Filters, name: string, matches: (value: string) => boolean): boolean {
  const values = filters.get(name);
  return values === undefined || values.length === 0 || values.some(matches);
}

/** The whole text, or a regular expression that is found in it. */
export function matchesPattern(text: string, pattern: string): boolean {
  if (text === pattern) return true;
  try {
    return new RegExp(pattern).test(text);
  } catch {
    return false;
  }
}

/** `key` or `key=value`. */
export function hasLabel(labels: Labels, wanted: string): boolean {
  const mark = wanted.indexOf('=');
  if (mark < 0) return Object.hasOwn(labels, wanted);
  const key = wanted.slice(0, mark);
  return Object.hasOwn(labels, key) && labels[key] === wanted.slice(mark + 1);
}

/** Of several labels all must be there. */
export const hasAllLabels = (filters: Filters, labels: Labels): boolean =>
  (filters.get('label') ?? []).every((wanted) => hasLabel(labels, wanted));

/** What a filter says of yes and no; what else is among its values says nothing, as in Docker. @throws invalid */
export function booleanFilter(filters: Filters, name: string): boolean | undefined {
  const values = filters.get(name);
  if (values === undefined || values.length === 0) return undefined;
  const isTrue = values.includes('1') || values.includes('true');
  const isFalse = values.includes('0') || values.includes('false');
  if (isTrue === isFalse) throw invalid(`invalid filter '${name}=[${values.join(' ')}]'`);
  return isTrue;
}

/** The filters that every prune understands. */
export const PRUNE_FILTERS = ['label', 'label!', 'until'] as const;

export interface PruneSelection {
  /** Nanoseconds: only what was made before. */
  readonly until?: bigint;
  readonly matchesLabels?: (labels: Labels) => boolean;
}

/** @throws invalid for more than one `until` */
export function pruneSelection(filters: Filters): PruneSelection {
  const until = filters.get('until') ?? [];
  if (until.length > 1) throw invalid('more than one until filter specified');
  const wanted = filters.get('label') ?? [];
  const unwanted = filters.get('label!') ?? [];
  return {
    ...(until[0] !== undefined && { until: timestamp(until[0]) }),
    ...(wanted.length + unwanted.length > 0 && {
      matchesLabels: (labels: Labels) =>
        wanted.every((label) => hasLabel(labels, label)) &&
        !unwanted.some((label) => hasLabel(labels, label)),
    }),
  };
}
