import { codeOf, invalid } from '#lib/errors';
import type { MountPoint } from './record.ts';
import { openRootedPath } from './rooted-path.ts';

/**
 * The part of a volume or an image that a container asked for, all of it (`root`) by default. The content is the
 * containers': a link in it must not lead out of it.
 * @throws invalid
 */
export function withinMount(root: string, { type, name, spec }: MountPoint): string {
  const subpath = spec?.volume?.subpath ?? spec?.image?.subpath;
  if (!subpath) return root;
  try {
    using place = openRootedPath(root, subpath);
    return place.hostPath;
  } catch (error) {
    throw invalid(`cannot access path ${subpath} of ${type} ${name}: ${codeOf(error)}`, error);
  }
}
