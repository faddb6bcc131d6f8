import { formatPlatform, type Platform } from '#oci/image';
import { familiarRepository, parseReference, withDefaultTag } from '#oci/reference';
import type { Predicate } from './options.ts';

export interface Subject {
  readonly name: string;
  readonly digest: { readonly sha256: string };
}

/** in-toto's envelope: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md */
export const statementOf = (subject: readonly Subject[], { type, content }: Predicate): Buffer =>
  Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      predicateType: type,
      subject,
      predicate: content,
    }),
  );

/** An image under each of its names. */
export function imageSubjects(names: readonly string[], platform: Platform, digest: string): Subject[] {
  const sha256 = digest.replace(/^sha256:/, '');
  const called = names.map((name) => packageUrl(name, platform));
  return (called.length > 0 ? called : ['_']).map((name) => ({ name, digest: { sha256 } }));
}

/** `pkg:docker/busybox@latest?platform=linux%2Famd64` (https://github.com/package-url/purl-spec) */
export function packageUrl(name: string, platform: Platform): string {
  const reference = withDefaultTag(parseReference(name));
  const path = familiarRepository(reference)
    .split('/')
    .map(encodeURIComponent)
    .join('/')
    .replaceAll('%3A', ':');
  const query = new URLSearchParams({
    ...(reference.digest !== undefined && { digest: reference.digest }),
    platform: formatPlatform(platform),
  });
  const version = reference.tag === undefined ? '' : `@${encodeURIComponent(reference.tag)}`;
  return `pkg:docker/${path}${version}?${query}`;
}
