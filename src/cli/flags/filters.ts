import { invalid } from '#lib/errors';
import type { Filters } from '#protocol';
import type { Flag } from './flag.ts';

/** `--filter name=value`, many times. */
export const filters = (summary: string, options: { readonly short?: string } = {}): Flag<Filters> => ({
  short: options.short,
  value: 'filter',
  summary,
  initial: new Map(),
  shownDefault: undefined,
  hidden: false,
  choices: [],
  accept: addFilter,
});

/** @throws invalid */
export function addFilter(text: string, before: Filters): Filters {
  if (text === '') return before;
  const equals = text.indexOf('=');
  if (equals < 0) throw invalid(`bad format of filter (expected name=value)`);
  const name = text.slice(0, equals).trim().toLowerCase();
  const value = text.slice(equals + 1).trim();
  return new Map(before).set(name, [...(before.get(name) ?? []), value]);
}
