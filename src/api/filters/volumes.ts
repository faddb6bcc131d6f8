import type { Volume } from '#engine/volumes';
import type { Filters } from '#protocol';
import { anyOf, booleanFilter, hasAllLabels, matchesPattern } from './match.ts';

export const VOLUME_FILTERS = ['dangling', 'driver', 'label', 'name'] as const;

/** @throws invalid */
export function volumeFilter(
  filters: Filters,
  isUsed: (name: string) => boolean,
): (volume: Volume) => boolean {
  const dangling = booleanFilter(filters, 'dangling');
  return (volume) =>
    anyOf(filters, 'name', (name) => matchesPattern(volume.name, name)) &&
    anyOf(filters, 'driver', (driver) => volume.driver === driver) &&
    hasAllLabels(filters, volume.labels) &&
    (dangling === undefined || dangling !== isUsed(volume.name));
}
