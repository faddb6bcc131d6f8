import { matchesGlob } from 'node:path';
import type { Image } from '#engine/images';
import { invalid } from '#lib/errors';
import { parseTime } from '#lib/time';
import type { Filters } from '#protocol';
import { timestamp } from '../decode/time.ts';
import { anyOf, booleanFilter, hasAllLabels } from './match.ts';

export const IMAGE_FILTERS = ['before', 'dangling', 'label', 'reference', 'since', 'until'] as const;

/** @throws invalid, notFound */
export function imageFilter(filters: Filters, get: (reference: string) => Image): (image: Image) => boolean {
  const before = (filters.get('before') ?? []).map((reference) => createdAt(get(reference)));
  const since = (filters.get('since') ?? []).map((reference) => createdAt(get(reference)));
  const until = (filters.get('until') ?? []).map(timestamp);
  const dangling = booleanFilter(filters, 'dangling');
  if (!(filters.get('reference') ?? []).every((pattern) => PATTERN.test(pattern)))
    throw invalid('syntax error in pattern');
  return (image) => {
    const created = createdAt(image);
    return (
      hasAllLabels(filters, image.config.labels) &&
      [...before, ...until].every((time) => created < time) &&
      since.every((time) => created > time) &&
      (dangling === undefined || dangling === (image.tags.length === 0)) &&
      anyOf(filters, 'reference', (pattern) =>
        [...image.tags, ...image.digests].some((name) => matchesReference(name, pattern)),
      )
    );
  };
}

/** Classes that end, escapes that escape something. */
const PATTERN = /^(?:\\.|[^\\[]|\[\^?(?:(?:\\.|[^\\\]-])(?:-(?:\\.|[^\\\]-]))?)+\])*$/su;

/** An image that passes by one of its names is shown without the others. */
export function namesThatPass(filters: Filters): (image: Image) => Image {
  if (!filters.has('reference')) return (image) => image;
  const passes = (name: string) => anyOf(filters, 'reference', (pattern) => matchesReference(name, pattern));
  return (image) => ({ ...image, tags: image.tags.filter(passes), digests: image.digests.filter(passes) });
}

const createdAt = (image: Image): bigint => parseTime(image.created) ?? 0n;

/** `busy*`, `*:latest`, `team/*`: a pattern for the name with or without its tag; `*` stops at slashes. */
export function matchesReference(name: string, pattern: string): boolean {
  const bare = name.includes('@') ? name.slice(0, name.indexOf('@')) : name.slice(0, name.lastIndexOf(':'));
  return matchesGlob(name, pattern) || matchesGlob(bare, pattern);
}
