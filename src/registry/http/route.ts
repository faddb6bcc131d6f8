import type { Digest } from '#oci/digest';
import { Refusal } from '../errors.ts';
import { checkDigest, checkName, checkReference, type Reference } from '../names.ts';

/** What a path asks for. */
export type Route =
  | { readonly kind: 'ping' | 'catalog' | 'health' | 'token' }
  | { readonly kind: 'page'; readonly name: string | undefined }
  | { readonly kind: 'tags' | 'uploads'; readonly name: string }
  | { readonly kind: 'manifest'; readonly name: string; readonly reference: Reference }
  | { readonly kind: 'blob' | 'referrers'; readonly name: string; readonly digest: Digest }
  | { readonly kind: 'upload'; readonly name: string; readonly id: string };

const FIXED: Readonly<Record<string, Route>> = {
  '/': { kind: 'page', name: undefined },
  '/v2': { kind: 'ping' },
  '/v2/': { kind: 'ping' },
  '/v2/_catalog': { kind: 'catalog' },
  '/healthz': { kind: 'health' },
  '/token': { kind: 'token' },
};

// Names have slashes and may have any of the words behind them, so the end decides.
const PAGE = /^\/repositories\/(.+)$/s;
const TAGS = /^\/v2\/(.*)\/tags\/list$/s;
const UPLOADS = /^\/v2\/(.*)\/blobs\/uploads\/?$/s;
const UPLOAD = /^\/v2\/(.*)\/blobs\/uploads\/([^/]+)$/s;
const BLOB = /^\/v2\/(.*)\/blobs\/([^/]+)$/s;
const MANIFEST = /^\/v2\/(.*)\/manifests\/([^/]+)$/s;
const REFERRERS = /^\/v2\/(.*)\/referrers\/([^/]+)$/s;

/** Undefined when there is nothing of that kind. @throws NAME_INVALID, TAG_INVALID, DIGEST_INVALID */
export function routeOf(path: string): Route | undefined {
  const fixed = Object.hasOwn(FIXED, path) ? FIXED[path] : undefined;
  if (fixed) return fixed;
  const text = decode(path);
  const read = (pattern: RegExp) => pattern.exec(text)?.slice(1);
  let found = read(PAGE);
  if (found) return { kind: 'page', name: nameIn(found) };
  found = read(TAGS);
  if (found) return { kind: 'tags', name: nameIn(found) };
  found = read(UPLOADS);
  if (found) return { kind: 'uploads', name: nameIn(found) };
  found = read(UPLOAD);
  if (found) return { kind: 'upload', name: nameIn(found), id: found[1] ?? '' };
  found = read(BLOB);
  if (found) return { kind: 'blob', name: nameIn(found), digest: checkDigest(found[1] ?? '') };
  found = read(MANIFEST);
  if (found) return { kind: 'manifest', name: nameIn(found), reference: checkReference(found[1] ?? '') };
  found = read(REFERRERS);
  return found ? { kind: 'referrers', name: nameIn(found), digest: checkDigest(found[1] ?? '') } : undefined;
}

const nameIn = ([name = '']: readonly string[]): string => checkName(name);

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (error) {
    throw new Refusal('NAME_INVALID', 'the path is not percent-encoded UTF-8', { cause: error });
  }
}
