import { invalid, notFound } from '#lib/errors';
import type { KnownNetwork, NetworksState } from './state.ts';

/** A network by its name, its id, or an id prefix that only it has. @throws notFound, invalid */
export function findNetwork(state: NetworksState, reference: string): KnownNetwork {
  const exact = state.networks.get(reference);
  if (exact) return exact;
  const known = [...state.networks.values()];
  const named = known.find(({ record }) => record.name === reference);
  if (named) return named;
  const prefixed = /^[0-9a-f]+$/.test(reference)
    ? known.filter(({ record }) => record.id.startsWith(reference))
    : [];
  if (prefixed.length > 1) {
    throw invalid(`network ${reference} is ambiguous (${prefixed.length} matches found based on ID prefix)`);
  }
  if (!prefixed[0]) throw notFound(`network ${reference} not found`);
  return prefixed[0];
}
