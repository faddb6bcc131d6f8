import { posix } from 'node:path';
import { invalid } from '#lib/errors';

/** `/a//b/../c/` -> `/a/c`. */
export const cleanPath = (path: string): string => {
  const clean = posix.normalize(path);
  return clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean;
};

/**
 * A mount's place in the container.
 * @throws invalid when it is not absolute or the root itself
 */
export function mountDestination(path: string): string {
  if (!path.startsWith('/')) throw invalid(`invalid mount path: '${path}' mount path must be absolute`);
  const clean = cleanPath(path);
  if (clean === '/') throw invalid("invalid specification: destination can't be '/'");
  return clean;
}

const VOLUME_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** @throws invalid telling a mistyped host path from a volume's name */
export function checkVolumeName(name: string): string {
  if (!VOLUME_NAME.test(name)) {
    throw invalid(
      `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    );
  }
  return name;
}
