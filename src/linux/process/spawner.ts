import { readFileSync } from 'node:fs';
import { SMALL, Thread } from '#lib/thread';
import { removeTreeSync } from '../files/index.ts';
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
  /** Removes a tree as seen from the spawner's mount namespace (left-over cgroup directories). */
  removeTree(path: string): Promise<void>;
  /** Unmounts the spawner's view of a mount that others may share, there and nowhere else. */
  unmountCopy(path: string): Promise<void>;
}

/** Looks at /sys/fs/cgroup and picks. Call after the data root and the exec root are shared (`shareMount`). */
export async function openSpawner(): Promise<Spawner> {
  return mustHideUnified() ? IsolatedSpawner.open() : new DirectSpawner();
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

  async spawn(options: SpawnOptions): Promise<number> {
    return spawnProcess(options);
  }

  async removeTree(path: string): Promise<void> {
    removeTreeSync(path);
  }

  unmountCopy(path: string): Promise<void> {
    return unmountCopy(path);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

class IsolatedSpawner implements Spawner {
  readonly isolated = true;
  readonly #thread: Thread<SpawnThread>;

  private constructor(thread: Thread<SpawnThread>) {
    this.#thread = thread;
  }

  static async open(): Promise<IsolatedSpawner> {
    const thread = new Thread<SpawnThread>(new URL('./spawn-thread.ts', import.meta.url), SMALL);
    try {
      await thread.call('isolate');
    } catch (error) {
      await thread[Symbol.asyncDispose]();
      throw error;
    }
    return new IsolatedSpawner(thread);
  }

  spawn(options: SpawnOptions): Promise<number> {
    return this.#thread.call('spawn', options);
  }

  removeTree(path: string): Promise<void> {
    return this.#thread.call('removeTree', path);
  }

  unmountCopy(path: string): Promise<void> {
    return this.#thread.call('unmountCopy', path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread[Symbol.asyncDispose]();
  }
}
