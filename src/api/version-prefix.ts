import { invalid } from '#lib/errors';
import { compareVersions, isApiVersion, MAX_API_VERSION, MIN_API_VERSION } from '#protocol';

/**
 * Takes `/v1.50` off a path. Without one the newest version is meant.
 * @throws invalid for a version that is not spoken here
 */
export function splitVersion(path: string): { readonly version: string; readonly path: string } {
  const [, version, rest] = /^\/v(\d[\d.]*)(\/.*)$/.exec(path) ?? [];
  if (version === undefined || rest === undefined) return { version: MAX_API_VERSION, path };
  if (!isApiVersion(version)) throw invalid(`invalid API version in the URL: ${version}`);
  if (compareVersions(version, MIN_API_VERSION) < 0) {
    throw invalid(
      `client version ${version} is too old. Minimum supported API version is ${MIN_API_VERSION}, please upgrade your client to a newer version`,
    );
  }
  if (compareVersions(version, MAX_API_VERSION) > 0) {
    throw invalid(
      `client version ${version} is too new. Maximum supported API version is ${MAX_API_VERSION}`,
    );
  }
  return { version, path: rest };
}
