import { invalid } from '#lib/errors';
import { type Digest, parseDigest } from '#oci/digest';
import {
  DEFAULT_DOMAIN,
  DEFAULT_TAG,
  IDENTIFIER,
  MAX_PATH,
  OFFICIAL_PREFIX,
  REFERENCE,
  TAG,
} from './grammar.ts';

/**
 * A repository, with a tag, a digest, both or neither, in canonical form: `busybox` is
 * `{domain: 'docker.io', path: 'library/busybox'}`. Plain data: compare and store it freely.
 */
export interface Reference {
  readonly domain: string;
  readonly path: string;
  readonly tag?: string | undefined;
  readonly digest?: Digest | undefined;
}

/**
 * Reads what people type (`busybox`, `me/app:1`, `localhost:5000/app@sha256:...`) as Docker does.
 * No tag is added: see `withDefaultTag`.
 * @throws invalid
 */
export function parseReference(text: string): Reference {
  if (IDENTIFIER.test(text)) {
    throw invalid(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  const { domain, rest } = splitDomain(text);
  const match = REFERENCE.exec(`${domain}/${rest}`);
  if (!match?.[1] || !match[2]) throw invalid(explain(rest));
  const [, , path, tag, digest] = match;
  if (path.length > MAX_PATH) throw invalid(`repository name must not be more than ${MAX_PATH} characters`);
  return { domain, path, ...(tag && { tag }), ...(digest && { digest: parseDigest(digest) }) };
}

/** A name as in `docker tag`, `docker inspect`: an image id (`sha256:` may be left out when it is whole) or a reference. */
export type ImageName = { readonly id: Digest } | Reference;

/** @throws invalid */
export function parseImageName(text: string): ImageName {
  if (IDENTIFIER.test(text)) return { id: `sha256:${text}` };
  if (/^sha(256|512):[0-9a-f]{64,}$/.test(text)) return { id: parseDigest(text) };
  return parseReference(text);
}

/** Could be the beginning of an image id, with or without `sha256:` in front. */
export const isIdPrefix = (text: string): boolean => /^(sha256:)?[0-9a-f]{1,64}$/.test(text);

/** Domain and path only, canonical: `docker.io/library/busybox`. */
export const repositoryName = (reference: Reference): string => `${reference.domain}/${reference.path}`;

/** Whole and canonical: `docker.io/library/busybox:latest`. */
export const canonicalName = (reference: Reference): string => repositoryName(reference) + suffix(reference);

/** Domain and path as people write them: `busybox`. */
export function familiarRepository(reference: Reference): string {
  const { domain, path } = reference;
  if (domain !== DEFAULT_DOMAIN) return `${domain}/${path}`;
  const official = path.startsWith(OFFICIAL_PREFIX) ? path.slice(OFFICIAL_PREFIX.length) : path;
  const short = official.includes('/') ? path : official;
  // `docker.io/a.b/c` must keep its domain: `a.b/c` would be read as a registry called a.b.
  const again = splitDomain(short);
  return again.domain === domain && again.rest === path ? short : `${domain}/${path}`;
}

/** Whole, as people write it and Docker shows it: `busybox:latest`. */
export const familiarName = (reference: Reference): string =>
  familiarRepository(reference) + suffix(reference);

/** The tag replaced; the digest stays. @throws invalid */
export function withTag(reference: Reference, tag: string): Reference {
  return { ...reference, tag: parseTag(tag) };
}

export const withDigest = (reference: Reference, digest: Digest): Reference => ({ ...reference, digest });

/** `latest`, when there is neither tag nor digest. */
export const withDefaultTag = (reference: Reference): Reference =>
  reference.tag === undefined && reference.digest === undefined
    ? { ...reference, tag: DEFAULT_TAG }
    : reference;

/** Neither tag nor digest. */
export const withoutTag = ({ domain, path }: Reference): Reference => ({ domain, path });

/** @throws invalid */
export function parseTag(text: string): string {
  if (!TAG.test(text)) throw invalid('invalid tag format');
  return text;
}

const suffix = ({ tag, digest }: Reference): string => (tag ? `:${tag}` : '') + (digest ? `@${digest}` : '');

/** The first component is a domain when it cannot be anything else: it has a dot, a colon or a capital, or is localhost. */
function splitDomain(name: string): { domain: string; rest: string } {
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const named =
    first !== '' && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  const domain = named ? first : DEFAULT_DOMAIN;
  const rest = named ? name.slice(slash + 1) : name;
  const official = domain === DEFAULT_DOMAIN && !rest.includes('/');
  return { domain, rest: official ? OFFICIAL_PREFIX + rest : rest };
}

function explain(rest: string): string {
  const [repository = ''] = rest.split(/[:@]/);
  if (repository !== repository.toLowerCase()) {
    return `invalid reference format: repository name (${repository}) must be lowercase`;
  }
  return 'invalid reference format';
}
