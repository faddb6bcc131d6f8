export {
  type Algorithm,
  algorithmOf,
  type Digest,
  digestOf,
  hexOf,
  isDigest,
  parseDigest,
} from './digest.ts';
export {
  DigestMismatchError,
  DigestStream,
  type Expectation,
  Hasher,
  SizeMismatchError,
  verified,
  verifyContent,
} from './verify.ts';
