export { DEFAULT_TAG } from './grammar.ts';
export {
  canonicalName,
  familiarName,
  familiarRepository,
  type ImageName,
  isIdPrefix,
  parseImageName,
  parseReference,
  parseTag,
  type Reference,
  repositoryName,
  withDefaultTag,
  withDigest,
  withoutTag,
  withTag,
} from './reference.ts';
