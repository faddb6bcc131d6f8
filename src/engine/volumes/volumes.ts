import { chmod, mkdir } from 'node:fs/promises';
import { KeyedLock } from '#lib/lock';
import { awaitsContent, copyUp } from './copy-up.ts';
import { create } from './create.ts';
import { mount, unmount, type VolumeUser } from './mount.ts';
import type { VolumeRecord } from './record.ts';
import { recover } from './recover.ts';
import { prune, remove, type VolumesPruneOptions } from './remove.ts';
import { recordOf, type VolumesState, viewOf } from './state.ts';
import { usage } from './usage.ts';
import type { CreateVolumeOptions, Volume, VolumesOptions } from './volume.ts';

/** The volumes of an engine, kept by the `local` driver in `<root>/<name>/_data`. Each verb is in the file of its name. */
export class Volumes {
  readonly #state: VolumesState;

  private constructor(state: VolumesState) {
    this.#state = state;
  }

  /** Ends what an earlier life of the engine left half done. */
  static async open(options: VolumesOptions): Promise<Volumes> {
    await mkdir(options.root, { recursive: true, mode: 0o700 });
    // What containers write may be setuid and root's: no user of the host may get there and run it.
    await chmod(options.root, 0o700);
    const records = options.database.records<VolumeRecord>('volumes');
    const state: VolumesState = { options, records, locks: new KeyedLock() };
    await recover(state);
    return new Volumes(state);
  }

  /** Idempotent for the same name; anonymous without one. @throws invalid, notFound (driver) */
  create(options: CreateVolumeOptions): Promise<Volume> {
    return create(this.#state, options);
  }

  /** @throws notFound */
  get(name: string): Volume {
    return viewOf(this.#state, recordOf(this.#state, name));
  }

  list(): Volume[] {
    return this.#state.records.all().map(({ record }) => viewOf(this.#state, record));
  }

  /** @throws notFound unless forced, conflict while containers use it (`volume is in use - [ids]`) */
  remove(name: string, options: { force?: boolean } = {}): Promise<void> {
    return remove(this.#state, name, { force: options.force ?? false });
  }

  /** Removes unused anonymous volumes, with `all` the named ones too. */
  prune(options: VolumesPruneOptions): Promise<{ removed: string[]; reclaimed: number }> {
    return prune(this.#state, options);
  }

  /** Makes it usable (mounts a volume with device options) and returns the directory. Counted per user. */
  mount(name: string, user: VolumeUser): Promise<string> {
    return mount(this.#state, name, user);
  }

  /** Counterpart of `mount`; the device goes with its last user. */
  unmount(name: string, containerId: string): Promise<void> {
    return unmount(this.#state, name, containerId);
  }

  /**
   * Copies what the image has at the mount's destination into an empty volume: owners, modes, xattrs, links kept.
   * `source` is a directory below the container's root, resolved there (no symlink may lead out of it). `userns`: a
   * descriptor of the user namespace that the owners there are mapped by.
   */
  copyUp(name: string, source: string, userns?: number): Promise<void> {
    return copyUp(this.#state, name, source, userns);
  }

  /** Whether `copyUp` has anything to do: asked before a source is made ready for it. @throws notFound */
  awaitsContent(name: string): Promise<boolean> {
    return awaitsContent(this.#state, name);
  }

  /** Bytes of each volume's files. */
  usage(): Promise<readonly { name: string; size: number }[]> {
    return usage(this.#state);
  }

  /** Volumes in use stay mounted. */
  async close(): Promise<void> {}
}
