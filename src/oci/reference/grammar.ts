// The grammar of image names: github.com/distribution/reference, "Grammar", as regular expressions.
// None of them can backtrack more than linearly over hostile input: alternatives never share a prefix.

/** Where a name without a domain is looked for. */
export const DEFAULT_DOMAIN = 'docker.io';
export const OFFICIAL_PREFIX = 'library/';
export const DEFAULT_TAG = 'latest';
/** Longest path, in characters. */
export const MAX_PATH = 255;

const label = '(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)';
const host = `(?:${label}(?:\\.${label})*|\\[[a-fA-F0-9:]+\\])`;
const domain = `${host}(?::[0-9]+)?`;
const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const path = `${component}(?:/${component})*`;
const tag = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}';
const digest = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';

/** Groups: domain, path, tag, digest. */
export const REFERENCE = new RegExp(`^(${domain})/(${path})(?::(${tag}))?(?:@(${digest}))?$`);
export const TAG = new RegExp(`^${tag}$`);
/** A whole image id, which no repository may be called. */
export const IDENTIFIER = /^[a-f0-9]{64}$/;
