import { isKind } from '#lib/errors';
import {
  canonicalName,
  isIdPrefix,
  parseImageName,
  type Reference,
  withDefaultTag,
  withDigest,
  withoutTag,
} from '#oci/reference';

export interface Known {
  /** Ids by canonical name. */
  idOf(name: string): string | undefined;
  has(id: string): boolean;
  /** Of the image that a manifest or an index of this digest is about. */
  idOfTarget(digest: string): string | undefined;
  ids(): Iterable<string>;
}

export type Found =
  | {
      readonly kind: 'found';
      readonly id: string /** Canonical, when it was found by it. */;
      readonly name?: string;
    }
  | { readonly kind: 'missing' }
  | { readonly kind: 'ambiguous' };

/**
 * What people call an image: a whole id first, or the digest of its manifest or index, then a name, then the beginning of an id, in Docker's order:
 * a tag `cafe` wins over an image whose id begins with it.
 * @throws invalid when the text can be none of these
 */
export function lookUp(text: string, known: Known): Found {
  const name = readName(text);
  if (name && 'id' in name) {
    const id = known.has(name.id) ? name.id : known.idOfTarget(name.id);
    return id === undefined ? { kind: 'missing' } : { kind: 'found', id };
  }
  if (name) {
    const canonical = storedName(name);
    const id = known.idOf(canonical);
    if (id !== undefined) return { kind: 'found', id, name: canonical };
  }
  return isIdPrefix(text) ? byPrefix(text, known) : { kind: 'missing' };
}

/** The name under which a reference is stored: with a digest the tag says nothing, without either it is `latest`. */
export function storedName(reference: Reference): string {
  if (reference.digest) return canonicalName(withDigest(withoutTag(reference), reference.digest));
  return canonicalName(withDefaultTag(reference));
}

/** Does the text name an image by its id rather than by a reference that happens to look like one? */
export const isPrefixOf = (text: string, id: string): boolean =>
  text !== '' && (id.startsWith(text) || id.slice(id.indexOf(':') + 1).startsWith(text));

/** `sha256:` and less than a whole digest is no name, but may be the beginning of an id. */
function readName(text: string): ReturnType<typeof parseImageName> | undefined {
  try {
    return parseImageName(text);
  } catch (error) {
    if (isKind(error, 'invalid') && isIdPrefix(text)) return undefined;
    throw error;
  }
}

function byPrefix(text: string, known: Known): Found {
  const matches = [...known.ids()].filter((id) => isPrefixOf(text, id));
  const [id] = matches;
  if (id === undefined) return { kind: 'missing' };
  return matches.length === 1 ? { kind: 'found', id } : { kind: 'ambiguous' };
}
