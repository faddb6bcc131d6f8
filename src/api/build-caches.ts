import type { Readable } from 'node:stream';
import type { CacheSource, CacheTarget } from '#engine/build';
import type { RegistryAuth } from '#engine/images';
import type { WantedCacheSource, WantedCacheTarget } from './decode/build-caches.ts';

type LocalSource = Extract<WantedCacheSource, { kind: 'local' }>;
type LocalTarget = Extract<WantedCacheTarget, { kind: 'local' }>;

/** How a client is reached that has caches. */
export interface CacheDelivery {
  authOf(reference: string): RegistryAuth | undefined | Promise<RegistryAuth | undefined>;
  /** A tar of files of a directory of it. */
  read(source: LocalSource, paths: readonly string[]): Promise<Readable>;
  write(target: LocalTarget, content: Readable): Promise<void>;
}

export interface WantedCaches {
  readonly cacheSources: readonly WantedCacheSource[];
  readonly cacheTargets: readonly WantedCacheTarget[];
}

/** The builder's caches for what a client wants. */
export function cachesFor(
  { cacheSources, cacheTargets }: WantedCaches,
  { authOf, read, write }: CacheDelivery,
): { readonly cacheFrom: CacheSource[]; readonly cacheTo: CacheTarget[] } {
  const auth = async (reference: string) => await authOf(reference);
  return {
    cacheFrom: cacheSources.map((source) =>
      source.kind === 'local'
        ? { ...source, open: (paths) => read(source, paths) }
        : { ...source, authOf: auth },
    ),
    cacheTo: cacheTargets.map((target) => {
      if (target.kind === 'inline') return target;
      if (target.kind === 'registry') return { ...target, authOf: auth };
      return { ...target, send: (content) => write(target, content) };
    }),
  };
}
