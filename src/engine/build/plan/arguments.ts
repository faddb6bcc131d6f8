import type { Arg } from '#dockerfile';
import { formatPlatform, type Platform } from '#oci/image';

/** Variables that say for which machine, and on which, is built. */
export function platformArguments(target: Platform, build: Platform, stage: string): Map<string, string> {
  return new Map([
    ['TARGETPLATFORM', formatPlatform(target)],
    ['TARGETOS', target.os],
    ['TARGETARCH', target.architecture],
    ['TARGETVARIANT', target.variant ?? ''],
    ['BUILDPLATFORM', formatPlatform(build)],
    ['BUILDOS', build.os],
    ['BUILDARCH', build.architecture],
    ['BUILDVARIANT', build.variant ?? ''],
    ['TARGETSTAGE', stage],
  ]);
}

/** Known to every RUN without being declared; they change no result. */
export const PROXY_ARGUMENTS: ReadonlySet<string> = new Set(
  ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap((name) => [
    name,
    name.toLowerCase(),
  ]),
);

/** Known to the builder itself. */
export const BUILTIN_ARGUMENTS: ReadonlySet<string> = new Set([
  'BUILDKIT_BUILD_NAME',
  'BUILDKIT_CACHE_MOUNT_NS',
  'BUILDKIT_CONTEXT_KEEP_GIT_DIR',
  'BUILDKIT_DOCKERFILE_CHECK',
  'BUILDKIT_INLINE_CACHE',
  'BUILDKIT_MULTI_PLATFORM',
  'BUILDKIT_SANDBOX_HOSTNAME',
  'BUILDKIT_SBOM_SCAN_CONTEXT',
  'BUILDKIT_SBOM_SCAN_STAGE',
  'BUILDKIT_SYNTAX',
  'SOURCE_DATE_EPOCH',
]);

/** Which build arguments the user gave that the Dockerfile never declares. */
export function unusedArguments(given: ReadonlyMap<string, string>, declared: ReadonlySet<string>): string[] {
  const known = (name: string) =>
    declared.has(name) ||
    PROXY_ARGUMENTS.has(name) ||
    BUILTIN_ARGUMENTS.has(name) ||
    name.startsWith('BUILDKIT_ATTEST_');
  return [...given.keys()].filter((name) => !known(name)).sort();
}

export const declaredIn = (instructions: readonly { readonly kind: string }[]): string[] =>
  instructions.flatMap((each) => (each.kind === 'ARG' ? (each as Arg).args.map(({ name }) => name) : []));
