import { readFileSync } from 'node:fs';
import { SMALL, Thread } from '#lib/thread';
import { close } from '../ffi/descriptors.ts';
import { unmountCopy } from '../mount/index.ts';
import { type SpawnOptions, spawnProcess } from './spawn.ts';
import type { SpawnThread } from './spawn-thread.ts';

/**
 * Starts programs by posix_spawn(3) (vfork: cheap whatever our heap), in a session of their own.
 * On a hybrid cgroup host the work is done by a worker thread whose mount namespace hides
 * /sys/fs/cgroup/unified from crun; elsewhere by the calling thread.
 */
export interface Spawner extends AsyncDisposable {
  /** True when programs run in the worker's mount namespace; bind sources must then be staged below a shared mount. */
  readonly isolated: boolean;
  spawn(options: SpawnOptions): Promise<number>;
  /** Path, for us, of the plain directory that what is spawned finds in place of the v2 hierarchy. */
  readonly unified: string | undefined;
  /** Unmounts the spawner's view of a mount that others may share, there and nowhere else. */
  unmountCopy(path: string): Promise<void>;
}

/** A spawner with a mount namespace of its own. */
export interface GuardedSpawner extends Spawner {
  readonly isolated: true;
  /**
   * From now on what is spawned cannot give /dev/null away (chown: EROFS, which crun ignores). crun gives a
   * container's standard streams to its root, and where they are the host's /dev/null that root could then
   * close the device to the whole host.
   * @throws unsupported
   */
  guardNull(): Promise<void>;
}

/** Looks at /sys/fs/cgroup and picks. Call after the data root and the exec root are shared (`shareMount`). */
export async function openSpawner(): Promise<Spawner> {
  return mustHideUnified() ? IsolatedSpawner.open({ hideUnified: true }) : new DirectSpawner();
}

/** One whose programs may be given to user namespaces; `spawner` itself where that will do. */
export async function openGuardedSpawner(spawner: Spawner): Promise<GuardedSpawner> {
  const guarded =
    spawner instanceof IsolatedSpawner ? spawner : await IsolatedSpawner.open({ hideUnified: false });
  await guarded.guardNull();
  return guarded;
}

/** crun refuses a host that has v1 hierarchies as well as controllers in the v2 one. */
function mustHideUnified(): boolean {
  try {
    return readFileSync('/sys/fs/cgroup/unified/cgroup.controllers', 'utf8').trim() !== '';
  } catch {
    return false;
  }
}

/** The spawner of hosts that need nothing special: the calling thread's. */
export class DirectSpawner implements Spawner {
  readonly isolated = false;
  readonly unified = undefined;

  async spawn(options: SpawnOptions): Promise<number> {
    return spawnProcess(options);
  }

  unmountCopy(path: string): Promise<void> {
    return unmountCopy(path);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

class IsolatedSpawner implements GuardedSpawner {
  readonly isolated = true;
  readonly #thread: Thread<SpawnThread>;
  readonly #unified: number | undefined;

  private constructor(thread: Thread<SpawnThread>, unified: number | undefined) {
    this.#thread = thread;
    this.#unified = unified;
  }

  /** By its descriptor: no path of our mount namespace leads there. */
  get unified(): string | undefined {
    return this.#unified === undefined ? undefined : `/proc/self/fd/${this.#unified}`;
  }

  static async open(options: { hideUnified: boolean }): Promise<IsolatedSpawner> {
    const thread = new Thread<SpawnThread>(new URL('./spawn-thread.ts', import.meta.url), SMALL);
    try {
      return new IsolatedSpawner(thread, await thread.call('isolate', options.hideUnified));
    } catch (error) {
      await thread[Symbol.asyncDispose]();
      throw error;
    }
  }

  spawn(options: SpawnOptions): Promise<number> {
    return this.#thread.call('spawn', options);
  }

  unmountCopy(path: string): Promise<void> {
    return this.#thread.call('unmountCopy', path);
  }

  guardNull(): Promise<void> {
    return this.#thread.call('guardNull');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread[Symbol.asyncDispose]();
    if (this.#unified !== undefined) close(this.#unified);
  }
}
