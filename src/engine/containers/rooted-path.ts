import { closeSync, readlinkSync } from 'node:fs';
import { openInRoot } from '#linux/files';

/** open(2)'s O_PATH, which node:fs does not name: a handle to the place, whatever lies there. */
const O_PATH = 0o10000000;

/** A place below a container's root, held by a descriptor. */
export interface RootedPath extends Disposable {
  /** Names the place whatever happens to the names that led there. */
  readonly handle: string;
  /** Where it was, as the host sees it. */
  readonly hostPath: string;
}

/**
 * Finds `path` as a process confined to `root` would: no link leads outside.
 * @throws SystemError ENOENT, ENOTDIR...
 */
export function openRootedPath(root: string, path: string, flags = 0): RootedPath {
  const descriptor = openInRoot(root, path, O_PATH | flags);
  const handle = `/proc/self/fd/${descriptor}`;
  return {
    handle,
    get hostPath() {
      return readlinkSync(handle);
    },
    [Symbol.dispose]: () => closeSync(descriptor),
  };
}
