import { createHash } from 'node:crypto';
import { invalid } from '#lib/errors';

/** Algorithms that the OCI image spec (descriptor.md, "Registered algorithms") requires of readers. */
export type Algorithm = 'sha256' | 'sha512';

/** `sha256:` and 64 lower-case hex digits, or `sha512:` and 128. Made by `parseDigest` or `digestOf`. */
export type Digest = `${Algorithm}:${string}`;

const HEX_LENGTH: Record<Algorithm, number> = { sha256: 64, sha512: 128 };
const FORM = /^(sha256|sha512):([0-9a-f]+)$/;

export function isDigest(text: string): text is Digest {
  const [, algorithm, hex] = FORM.exec(text) ?? [];
  return hex !== undefined && hex.length === HEX_LENGTH[algorithm as Algorithm];
}

/** @throws invalid */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  const shown = text.length > 140 ? `${text.slice(0, 140)}...` : text;
  const [, algorithm] = /^([A-Za-z0-9_+.-]+):./.exec(text) ?? [];
  if (algorithm === undefined) throw invalid(`invalid checksum digest format: '${shown}'`);
  if (!(algorithm in HEX_LENGTH))
    throw invalid(`unsupported digest algorithm: '${shown}' (use sha256 or sha512)`);
  throw invalid(`invalid checksum digest length or characters: '${shown}'`);
}

export const algorithmOf = (digest: Digest): Algorithm =>
  digest.startsWith('sha512:') ? 'sha512' : 'sha256';

/** The hex digits after the colon. */
export const hexOf = (digest: Digest): string => digest.slice(7);

export const digestOf = (content: Uint8Array | string, algorithm: Algorithm = 'sha256'): Digest =>
  `${algorithm}:${createHash(algorithm).update(content).digest('hex')}`;
