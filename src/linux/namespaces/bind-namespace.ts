import { closeSync, constants, openSync, unlinkSync } from 'node:fs';
import { MS_BIND, mount } from '../ffi/mount.ts';

/**
 * Gives a namespace a name: a new file at `path` that it is bound on. `source` is a file of /proc/PID/ns, or
 * /proc/self/fd/N of one that is open.
 * @throws SystemError, Node's EEXIST
 */
export function bindNamespace(source: string, path: string): void {
  // Exclusive: somebody else's namespace is never hidden below ours.
  closeSync(openSync(path, constants.O_CREAT | constants.O_EXCL | constants.O_RDONLY, 0o444));
  try {
    mount(source, path, null, MS_BIND, null);
  } catch (error) {
    unlinkSync(path);
    throw error;
  }
}
