import { compareVersions, MAX_API_VERSION } from '#protocol';
import { HttpError } from './errors.ts';

/** Clients that spoke these show the answer to a user as it is: they get it as plain text. */
const FIRST_JSON_ERRORS = '1.24';

/**
 * docker-compose 1.x, which still comes with Debian, asks in the newest version there is, and fails where it misses what
 * later versions took away: a container made anew (1.45), the events of a project (1.52). It is answered as it knows.
 */
const COMPOSE_ONE = { agent: 'docker-compose/1.', version: '1.44' };

/** The version that a client is answered in. */
export const versionFor = (version: string, userAgent: string | undefined): string =>
  userAgent?.startsWith(COMPOSE_ONE.agent) && compareVersions(version, COMPOSE_ONE.version) > 0
    ? COMPOSE_ONE.version
    : version;

/**
 * Takes `/v1.50` off a path. Without one the newest version is meant.
 * @throws HttpError 400 for a version that is older than `minimum` or newer than what is spoken here
 */
export function splitVersion(
  path: string,
  minimum: string,
): { readonly version: string; readonly path: string } {
  const [, version, rest] = /^\/v([\d.]+)(\/.*)$/.exec(path) ?? [];
  if (version === undefined || rest === undefined) return { version: MAX_API_VERSION, path };
  if (compareVersions(version, minimum) < 0) {
    throw new HttpError(
      400,
      `client version ${version} is too old. Minimum supported API version is ${minimum}, please upgrade your client to a newer version`,
      { plain: compareVersions(version, FIRST_JSON_ERRORS) < 0 },
    );
  }
  if (compareVersions(version, MAX_API_VERSION) > 0) {
    throw new HttpError(
      400,
      `client version ${version} is too new. Maximum supported API version is ${MAX_API_VERSION}`,
    );
  }
  return { version, path: rest };
}
