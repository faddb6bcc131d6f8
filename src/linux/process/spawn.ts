import { constants } from 'node:fs';
import { SystemError } from '../errno.ts';
import { close, duplicate } from '../ffi/descriptors.ts';
import {
  ATTRIBUTES_SIZE,
  attributes,
  FILE_ACTIONS_SIZE,
  fileActions,
  POSIX_SPAWN_SETSID,
  POSIX_SPAWN_SETSIGDEF,
  POSIX_SPAWN_SETSIGMASK,
  posixSpawn,
  SIGNAL_SET_SIZE,
} from '../ffi/process.ts';

export interface SpawnOptions {
  readonly path: string;
  /** argv[0] included. */
  readonly argv: readonly string[];
  readonly env: readonly string[];
  /** child descriptor -> ours. 0-2 default to /dev/null. Nothing else is inherited. */
  readonly fds?: Readonly<Record<number, number>>;
  readonly cwd?: string;
}

/**
 * posix_spawn(3) on the calling thread, so in its namespaces: a session of its own, no signal
 * blocked or ignored, no descriptor but those listed. Returns the pid, a child of ours to wait for.
 * @throws SystemError with `posix_spawn`, the path and why exec failed
 */
export function spawnProcess(options: SpawnOptions): number {
  using descriptors = new ChildDescriptors(options.fds ?? {});
  const actions = descriptors.actions;
  if (options.cwd !== undefined) fileActions.chdir(actions, options.cwd);
  const pid = new Int32Array(1);
  const [argv, env] = [
    [...options.argv, null],
    [...options.env, null],
  ];
  const errno = posixSpawn(pid, options.path, actions, freshSession(), argv, env);
  // The environment stays out of the message: it may hold secrets.
  if (errno !== 0) throw new SystemError('posix_spawn', [options.path, options.argv], errno);
  return pid[0] ?? 0;
}

/** libuv ignores SIGPIPE and our threads block signals; a child must not inherit either. */
function freshSession(): Uint8Array {
  const attr = new Uint8Array(ATTRIBUTES_SIZE);
  attributes.init(attr);
  attributes.setFlags(attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
  attributes.setSignalMask(attr, new Uint8Array(SIGNAL_SET_SIZE));
  attributes.setSignalDefaults(attr, new Uint8Array(SIGNAL_SET_SIZE).fill(0xff, 0, 8));
  return attr;
}

/** The file actions that lay out a child's descriptors, and the copies that they need meanwhile. */
class ChildDescriptors implements Disposable {
  readonly actions = new Uint8Array(FILE_ACTIONS_SIZE);
  readonly #copies: number[] = [];

  constructor(fds: Readonly<Record<number, number>>) {
    fileActions.init(this.actions);
    const wanted = new Map(Object.entries(fds).map(([child, ours]) => [Number(child), ours]));
    const highest = Math.max(2, ...wanted.keys());
    for (let child = 0; child <= highest; child++) {
      const ours = wanted.get(child);
      if (ours !== undefined) fileActions.dup2(this.actions, this.#outOfTheWay(ours, highest), child);
      else if (child <= 2) fileActions.open(this.actions, child, '/dev/null', constants.O_RDWR, 0);
      else fileActions.close(this.actions, child);
    }
    // All descriptors of ours are close-on-exec; those that we were started with may not be.
    fileActions.closeFrom(this.actions, highest + 1);
  }

  /** A source that is also a target would be overwritten before it is used: such a one is copied upwards. */
  #outOfTheWay(fd: number, highest: number): number {
    if (fd > highest) return fd;
    const copy = duplicate(fd, highest + 1);
    this.#copies.push(copy);
    return copy;
  }

  [Symbol.dispose](): void {
    fileActions.destroy(this.actions);
    for (const copy of this.#copies) close(copy);
  }
}
