import type { Readable } from 'node:stream';
import type { RegistryAuth } from '#engine/images';

type AuthOf = (reference: string) => Promise<RegistryAuth | undefined>;

/** `--cache-from`: where results of other builds lie. */
export type CacheSource =
  | { readonly kind: 'registry'; readonly reference: string; readonly authOf: AuthOf }
  /** An image: one of this engine, else that of its registry. */
  | { readonly kind: 'image'; readonly reference: string; readonly authOf: AuthOf }
  /** An OCI layout of the client; `reference`: a tag or a digest in it. */
  | {
      readonly kind: 'local';
      readonly name: string;
      readonly reference: string;
      /** A tar of these files of it. */
      readonly open: (paths: readonly string[]) => Promise<Readable>;
    };

interface Kept {
  /** `min`: what the result consists of; `max`: what came before it, too. */
  readonly mode: 'min' | 'max';
  /** With the directories of cache mounts. */
  readonly mounts: boolean;
  /** The build does not fail when it cannot be written. */
  readonly ignoreError: boolean;
}

/** `--cache-to`: where this build's results go. */
export type CacheTarget =
  /** Into the image's own config. */
  | { readonly kind: 'inline' }
  | ({ readonly kind: 'registry'; readonly reference: string; readonly authOf: AuthOf } & Kept)
  | ({
      readonly kind: 'local';
      readonly name: string;
      readonly reference: string;
      /** Takes a tar of an OCI layout. */
      readonly send: (content: Readable) => Promise<void>;
    } & Kept);

export const nameOf = (place: CacheSource | CacheTarget): string => {
  if (place.kind === 'inline') return 'the image';
  return place.kind === 'local' ? place.name : place.reference;
};
