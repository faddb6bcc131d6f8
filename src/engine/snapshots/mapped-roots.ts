import { closeSync } from 'node:fs';
import { codeOf, unsupported } from '#lib/errors';
import { fileSystem } from '#linux/files';
import { type IdMap, idMapKey } from '#linux/ids';
import { openMountCopy } from '#linux/mount';
import type { MountMappings } from '#linux/namespaces';

/**
 * A directory as copies of its mount show it, in which owners are mapped: what containers with a user namespace
 * have in their overlays. On disk every file has the owner that it has in its container.
 */
export class MappedRoots implements AsyncDisposable {
  readonly #root: string;
  readonly #mappings: MountMappings;
  readonly #copies = new Map<string, Promise<number>>();

  constructor(root: string, mappings: MountMappings) {
    this.#root = root;
    this.#mappings = mappings;
  }

  /** A path that leads there, for as long as this is not disposed. @throws unsupported */
  async path(map: IdMap | undefined): Promise<string> {
    if (map === undefined) return this.#root;
    const key = idMapKey(map);
    let copy = this.#copies.get(key);
    if (!copy) {
      copy = this.#open(map);
      this.#copies.set(key, copy);
      // The next one to ask tries again.
      copy.catch(() => this.#copies.delete(key));
    }
    return `/proc/self/fd/${await copy}`;
  }

  /** How copies of other mounts are to show owners: for `openMappedCopy`. */
  userns(map: IdMap): Promise<number> {
    return this.#mappings.descriptor(map);
  }

  async #open(map: IdMap): Promise<number> {
    return openMappedCopy(this.#root, await this.userns(map));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const copy of await Promise.allSettled(this.#copies.values())) {
      if (copy.status === 'fulfilled') closeSync(copy.value);
    }
    this.#copies.clear();
  }
}

/** A descriptor of a copy of the mount at `path`, in which owners are mapped. @throws unsupported */
export function openMappedCopy(path: string, userns: number): number {
  try {
    return openMountCopy(path, { userns });
  } catch (error) {
    if (codeOf(error) !== 'EINVAL' && codeOf(error) !== 'ENOSYS') throw error;
    throw unsupported(
      `user namespaces need idmapped mounts, which ${fileSystem(path).type} at ${path} does not have: ` +
        'use a data root on ext4, xfs, btrfs or tmpfs, and Linux 5.19 or newer',
      error,
    );
  }
}
