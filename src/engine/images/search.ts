import { invalid } from '#lib/errors';
import type { FoundRepository } from '#oci/remote';
import type { ImagesContext } from './context.ts';
import type { RegistryAuth } from './registry.ts';

export interface SearchOptions {
  /** From 1 to 100; default 25. */
  readonly limit?: number;
  readonly auth?: RegistryAuth;
  readonly signal?: AbortSignal;
}

const DEFAULT_LIMIT = 25;
const LARGEST_LIMIT = 100;

/** Repositories that an index finds for a term: Docker Hub's, or that of the registry which the term begins with. @throws invalid, unavailable */
export async function search(
  { registries }: ImagesContext,
  term: string,
  { limit = DEFAULT_LIMIT, auth, signal }: SearchOptions,
): Promise<FoundRepository[]> {
  if (term.includes('://')) {
    throw invalid(`invalid repository name: repository name (${term}) should not have a scheme`);
  }
  if (limit < 1 || limit > LARGEST_LIMIT) {
    throw invalid(`limit ${limit} is outside the range of [1, ${LARGEST_LIMIT}]`);
  }
  const { domain, rest } = splitTerm(term);
  const { searchIndex } = await import('#oci/remote');
  const options = await registries.optionsFor(domain);
  return searchIndex(domain, rest, { auth, limit, ...options }, signal);
}

/** As with the names of images: what has a dot or a port before its first slash is a registry. */
function splitTerm(term: string): { domain: string; rest: string } {
  const [, first = '', rest = ''] = /^([^/]*)\/(.*)$/s.exec(term) ?? [];
  const isHost = /[.:]/.test(first) || first === 'localhost';
  if (isHost && first !== 'docker.io' && first !== 'index.docker.io') return { domain: first, rest };
  return { domain: 'docker.io', rest: (isHost ? rest : term).replace(/^library\//, '') };
}
