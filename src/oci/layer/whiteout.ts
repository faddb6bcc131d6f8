import { invalid } from '#lib/errors';
import { baseOf, joinPath, parentOf, shorten } from './path.ts';

// layer.md, "Whiteouts": `.wh.x` hides x of the layers below, `.wh..wh..opq` all they have in its directory.
const PREFIX = '.wh.';
/** Other names with the doubled prefix are aufs' own bookkeeping. */
const META_PREFIX = '.wh..wh.';
const OPAQUE = '.wh..wh..opq';

export type Whiteout =
  | { readonly kind: 'whiteout'; readonly path: string }
  | { readonly kind: 'opaque'; readonly path: string }
  | { readonly kind: 'ignored' };

/** What a clean path means beyond being a name; undefined: nothing. @throws invalid */
export function readWhiteout(path: string): Whiteout | undefined {
  if (!path.includes(PREFIX)) return undefined;
  const base = baseOf(path);
  const parent = parentOf(path);
  if (base === OPAQUE) return { kind: 'opaque', path: parent };
  if (path.split('/').some((part) => part.startsWith(META_PREFIX))) return { kind: 'ignored' };
  if (!base.startsWith(PREFIX)) return undefined;
  const name = base.slice(PREFIX.length);
  // `.wh...` would hide `..`: the parent of the directory it is in.
  if (name === '' || name === '.' || name === '..') {
    throw invalid(`tar entry "${shorten(path)}" is a whiteout of no valid name`);
  }
  return { kind: 'whiteout', path: joinPath(parent, name) };
}

export const whiteoutOf = (path: string): string => joinPath(parentOf(path), PREFIX + baseOf(path));
export const opaqueOf = (directory: string): string => joinPath(directory, OPAQUE);
