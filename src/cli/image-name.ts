import { familiarRepository, parseReference, type Reference, repositoryName } from '#oci/reference';

export { familiarRepository, type Reference, repositoryName };

/** `app:1` -> `{ repo: 'app', tag: '1' }`; a digest counts as the tag, as the API takes it. @throws invalid */
export function splitName(name: string): { readonly repo: string; readonly tag: string | undefined } {
  const reference = parseReference(name);
  return { repo: familiarRepository(reference), tag: reference.digest ?? reference.tag };
}
