import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { conflict } from '#lib/errors';
import { IdleThread } from '#lib/idle-thread';
import type { Logger } from '#lib/log';
import { fileSystem } from '#linux/files';
import type { IdMap } from '#linux/ids';
import type { MountMappings } from '#linux/namespaces';
import { inUserNamespace } from '#linux/proc';
import { deferred, exportTar } from './export.ts';
import { chooseForm } from './image-support.ts';
import { type LayerServices, Layers } from './layers.ts';
import { MappedRoots } from './mapped-roots.ts';
import { Settling } from './settling.ts';
import type {
  Change,
  Conversion,
  FileRange,
  HeldRoot,
  LayerForm,
  LayerSource,
  PackedChanges,
  ReceivedLayer,
  Snapshots,
  StoredLayer,
  UnpackOptions,
  Usage,
} from './snapshots.ts';
import { Trash } from './trash.ts';
import type { TreeJobs } from './tree-thread.ts';
import { Writables } from './writables.ts';

export interface SnapshotsOptions {
  /** Made when it is missing; only one process may use it. */
  readonly root: string;
  readonly log: Logger;
  readonly mappings: MountMappings;
  /** What new layers become: `auto` is EROFS images where they can be mounted. Default: `auto`. */
  readonly layerForm?: LayerForm | 'auto' | undefined;
  /** Told some time after layers came, when not even a power failure takes them away. */
  readonly onSettled?: () => void;
}

/**
 * Overlay file systems over a directory or an EROFS image for each layer. Directories work on every kernel and file
 * system that Docker's overlay2 does.
 */
export class OverlaySnapshots implements Snapshots {
  readonly driver = 'overlay2';
  readonly driverStatus: readonly (readonly [string, string])[];
  readonly #layers: Layers;
  readonly #writables: Writables;
  readonly #services: LayerServices & { readonly roots: MappedRoots };

  private constructor(
    root: string,
    layers: Layers,
    writables: Writables,
    services: LayerServices & { readonly roots: MappedRoots },
    layerForm: string,
  ) {
    this.#layers = layers;
    this.#writables = writables;
    this.#services = services;
    this.driverStatus = [
      ['Backing Filesystem', fileSystem(root).type],
      ['Supports d_type', 'true'],
      ['Using metacopy', 'false'],
      ['Native Overlay Diff', 'true'],
      ['userxattr', String(inUserNamespace())],
      ['Layers', layerForm],
    ];
  }

  /** @throws unsupported where images are asked for and cannot be mounted */
  static async open(options: SnapshotsOptions): Promise<OverlaySnapshots> {
    const { root, log } = options;
    mkdirSync(join(root, 'empty'), { recursive: true, mode: 0o700 });
    // What containers write may be setuid and root's: no user of the host may get there and run it.
    chmodSync(root, 0o700);
    const { form, backing } = chooseForm(root, options.layerForm ?? 'auto', log);
    const trash = Trash.open(join(root, 'trash'), log);
    const trees = new IdleThread<TreeJobs>(new URL('./tree-thread.ts', import.meta.url));
    const roots = new MappedRoots(root, options.mappings);
    const services = { trash, trees, settling: new Settling(root, log, options.onSettled), roots };
    const layers = await Layers.open(join(root, 'layers'), services, { form, backing });
    const writables = Writables.open(root, { layers, trash, roots });
    const shown = form === 'erofs' && backing === 'loop' ? 'erofs (loop devices)' : form;
    return new OverlaySnapshots(root, layers, writables, services, shown);
  }

  hasLayer(chainId: string): boolean {
    return this.#layers.has(chainId);
  }

  unpack(layer: LayerSource, options?: UnpackOptions): Promise<Usage> {
    return this.#layers.unpack(layer, options);
  }

  receive(
    tar: AsyncIterable<Uint8Array>,
    parent: string | undefined,
    signal?: AbortSignal,
  ): Promise<ReceivedLayer> {
    return this.#layers.receive(tar, parent, signal);
  }

  get layerForm(): LayerForm {
    return this.#layers.form;
  }

  convertLayer(chainId: string, stored: StoredLayer, signal?: AbortSignal): Promise<Conversion> {
    return this.#layers.convert(chainId, stored, signal);
  }

  rebuildLayer(chainId: string, stored: StoredLayer, signal?: AbortSignal): Promise<Conversion> {
    return this.#layers.rebuild(chainId, stored, signal);
  }

  layerArchive(chainId: string): ReturnType<Snapshots['layerArchive']> {
    return this.#layers.archive(chainId);
  }

  archiveOf(diffId: string): FileRange | undefined {
    return this.#layers.archiveOf(diffId);
  }

  securesArchive(chainId: string): Promise<boolean> {
    return this.#layers.securesArchive(chainId);
  }

  async layerUsage(chainId: string): Promise<Usage> {
    return this.#layers.usage(chainId);
  }

  async removeLayer(chainId: string): Promise<void> {
    if (this.isLayerUsed(chainId)) throw conflict(`layer ${chainId} is in use by a container`);
    this.#layers.remove(chainId);
  }

  isLayerUsed(chainId: string): boolean {
    return this.#writables.standsOn(chainId);
  }

  async layers(): Promise<string[]> {
    return this.#layers.list();
  }

  async prepare(
    id: string,
    layers: readonly string[],
    options: { readonly idMap?: IdMap | undefined } = {},
  ): Promise<void> {
    this.#writables.prepare(id, layers, options.idMap);
  }

  requireIdMapping(idMap: IdMap): Promise<void> {
    return this.#writables.requireIdMapping(idMap);
  }

  mount(id: string, { volatile = false }: { volatile?: boolean } = {}): Promise<string> {
    return this.#writables.mount(id, volatile);
  }

  isMounted(id: string): boolean {
    return this.#writables.isMounted(id);
  }

  unmount(id: string): Promise<void> {
    return this.#writables.unmount(id);
  }

  remove(id: string): Promise<void> {
    return this.#writables.remove(id);
  }

  discard(path: string): void {
    this.#services.trash.discard(path);
  }

  async list(): Promise<string[]> {
    return this.#writables.list();
  }

  async changes(id: string, mountPoints: readonly string[] = []): Promise<Change[]> {
    const { upper, lowers } = this.#writables.describe(id);
    using _held = this.#writables.holdLayers(id);
    return await this.#services.trees.call('changes', upper, lowers, mountPoints);
  }

  exportChanges(id: string, mountPoints: readonly string[] = []): Readable {
    const { upper, lowers } = this.#writables.describe(id);
    return deferred(async () => {
      const held = this.#writables.holdLayers(id);
      return {
        stream: exportTar({ root: upper, lowers, mountPoints }),
        [Symbol.asyncDispose]: async () => held[Symbol.dispose](),
      };
    });
  }

  async packChanges(id: string, mountPoints: readonly string[] = []): Promise<PackedChanges> {
    await this.#writables.unmount(id);
    const { upper, lowers, packed } = this.#writables.describe(id);
    using _held = this.#writables.holdLayers(id);
    const { form } = this.#layers;
    return await this.#services.trees.call('pack', { upper, lowers, mountPoints, path: packed, form });
  }

  async commit(
    id: string,
    layer: Pick<LayerSource, 'chainId' | 'parent'>,
    packed: PackedChanges,
  ): Promise<void> {
    await this.#writables.unmount(id);
    const { upper } = this.#writables.describe(id);
    await this.#layers.adopt(packed.form === 'erofs' ? packed.archive.path : upper, layer, packed);
    await this.#writables.remove(id);
  }

  exportTree(id: string, leftOut: readonly string[] = []): Readable {
    this.#writables.describe(id);
    return deferred(async () => {
      const held = await this.#writables.hold(id);
      return {
        stream: exportTar({ root: held.path, leftOut, ...(held.idMap && { idMap: held.idMap }) }),
        [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
      };
    });
  }

  async usage(id: string): Promise<Usage> {
    return this.#services.trees.call('usage', this.#writables.describe(id).upper);
  }

  hold(id: string): Promise<HeldRoot> {
    return this.#writables.hold(id);
  }

  async withMounted<T>(id: string, work: (root: string, idMap: IdMap | undefined) => Promise<T>): Promise<T> {
    await using held = await this.#writables.hold(id);
    return await work(held.path, held.idMap);
  }

  describe(id: string): Readonly<Record<string, string>> {
    const { lowers, upper, work, merged } = this.#writables.describe(id);
    return { LowerDir: lowers.join(':'), MergedDir: merged, UpperDir: upper, WorkDir: work };
  }

  async close(): Promise<void> {
    await this.#layers.close();
    const { roots, settling, trees, trash } = this.#services;
    for (const service of [settling, trees, trash, roots]) await service[Symbol.asyncDispose]();
  }
}
