import type { Network } from '#engine/networks';
import { invalid } from '#lib/errors';
import type { Filters } from '#protocol';
import { anyOf, booleanFilter, hasAllLabels, matchesPattern } from './match.ts';

export const NETWORK_FILTERS = ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type'] as const;

/** Networks that every engine has. */
export const PREDEFINED_NETWORKS: readonly string[] = ['bridge', 'host', 'none'];

/** @throws invalid */
export function networkFilter(
  filters: Filters,
  isUsed: (id: string) => boolean,
): (network: Network) => boolean {
  const dangling = booleanFilter(filters, 'dangling');
  for (const type of filters.get('type') ?? []) {
    if (type !== 'builtin' && type !== 'custom') throw invalid(`invalid filter: 'type'='${type}'`);
  }
  return (network) => {
    const builtin = PREDEFINED_NETWORKS.includes(network.name);
    return (
      anyOf(filters, 'driver', (driver) => network.driver === driver) &&
      anyOf(filters, 'id', (id) => matchesPattern(network.id, id)) &&
      anyOf(filters, 'name', (name) => matchesPattern(network.name, name)) &&
      anyOf(filters, 'scope', (scope) => network.scope === scope) &&
      anyOf(filters, 'type', (type) => (type === 'builtin') === builtin) &&
      hasAllLabels(filters, network.labels) &&
      (dangling === undefined || (!builtin && dangling !== isUsed(network.id)))
    );
  };
}
