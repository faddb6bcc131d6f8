import { messageOf } from '#lib/errors';
import { type Digest, isDigest, parseDigest } from '#oci/digest';
import { Refusal } from './errors.ts';

// distribution spec, "Pulling manifests": the grammar of <name> and of tags. Linear: no alternative shares a prefix.
const NAME = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
/** Clients limit host and name together to this; a record's file has the name of its repository. */
const MAX_NAME = 255;

const shown = (text: string): string => (text.length > 140 ? `${text.slice(0, 140)}...` : text);

/** @throws NAME_INVALID */
export function checkName(name: string): string {
  if (name.length <= MAX_NAME && NAME.test(name)) return name;
  throw new Refusal('NAME_INVALID', 'invalid repository name', { detail: { name: shown(name) } });
}

/** @throws TAG_INVALID */
export function checkTag(tag: string): string {
  if (TAG.test(tag)) return tag;
  throw new Refusal('TAG_INVALID', 'invalid tag', { detail: { tag: shown(tag) } });
}

/** @throws DIGEST_INVALID */
export function checkDigest(text: string): Digest {
  try {
    return parseDigest(text);
  } catch (error) {
    throw new Refusal('DIGEST_INVALID', messageOf(error), { detail: { digest: shown(text) }, cause: error });
  }
}

/** What a manifest is asked by. */
export type Reference =
  | { readonly digest: Digest; readonly tag?: never }
  | { readonly tag: string; readonly digest?: never };

/** @throws TAG_INVALID, DIGEST_INVALID */
export function checkReference(text: string): Reference {
  if (isDigest(text)) return { digest: text };
  return text.includes(':') ? { digest: checkDigest(text) } : { tag: checkTag(text) };
}
