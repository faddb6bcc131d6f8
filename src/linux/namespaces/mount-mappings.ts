import { type IdMap, type IdRange, idMapKey } from '../ids/index.ts';
import { createUserNamespace, type UserNamespace } from './user-namespace.ts';

/**
 * The host's root, under the last id there is, which nothing else has. A mount creates nothing for somebody whom
 * its map does not know (EOVERFLOW), and it is the host's root who mounts overlays, copies and unpacks.
 */
const HOST_ROOT: IdRange = { containerID: 0xffff_fffe, hostID: 0, size: 1 };

/**
 * User namespaces that nobody is in: they tell mounts how to show the owners of files (mount_setattr(2),
 * MOUNT_ATTR_IDMAP). One for each map, made when it is first asked for.
 */
export class MountMappings implements AsyncDisposable {
  readonly #made = new Map<string, Promise<UserNamespace>>();

  /** A descriptor of the namespace, which stays this object's. */
  async descriptor(map: IdMap): Promise<number> {
    const key = idMapKey(map);
    let made = this.#made.get(key);
    if (!made) {
      made = createUserNamespace({ uids: [...map.uids, HOST_ROOT], gids: [...map.gids, HOST_ROOT] });
      this.#made.set(key, made);
      // The next one to ask tries again.
      made.catch(() => this.#made.delete(key));
    }
    return (await made).user;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const made of await Promise.allSettled(this.#made.values())) {
      if (made.status === 'fulfilled') made.value[Symbol.dispose]();
    }
    this.#made.clear();
  }
}
