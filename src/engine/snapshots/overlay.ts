import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { conflict } from '#lib/errors';
import { IdleThread } from '#lib/idle-thread';
import type { Logger } from '#lib/log';
import { fileSystem } from '#linux/files';
import { deferred, exportTar } from './export.ts';
import { type LayerServices, Layers } from './layers.ts';
import { Settling } from './settling.ts';
import type { Change, LayerSource, Snapshots, UnpackOptions, Usage } from './snapshots.ts';
import { Trash } from './trash.ts';
import type { TreeJobs } from './tree-thread.ts';
import { Writables } from './writables.ts';

/** Overlay file systems over one directory a layer: works on every kernel and file system that Docker's overlay2 does. */
export class OverlaySnapshots implements Snapshots {
  readonly driver = 'overlay2';
  readonly driverStatus: readonly (readonly [string, string])[];
  readonly #layers: Layers;
  readonly #writables: Writables;
  readonly #services: LayerServices;

  private constructor(root: string, layers: Layers, writables: Writables, services: LayerServices) {
    this.#layers = layers;
    this.#writables = writables;
    this.#services = services;
    this.driverStatus = [
      ['Backing Filesystem', fileSystem(root).type],
      ['Supports d_type', 'true'],
      ['Using metacopy', 'false'],
      ['Native Overlay Diff', 'true'],
      ['userxattr', 'false'],
    ];
  }

  static async open(root: string, log: Logger): Promise<OverlaySnapshots> {
    mkdirSync(join(root, 'empty'), { recursive: true, mode: 0o711 });
    const trash = Trash.open(join(root, 'trash'), log);
    const trees = new IdleThread<TreeJobs>(new URL('./tree-thread.ts', import.meta.url));
    const services = { trash, trees, settling: new Settling(root, log) };
    const layers = await Layers.open(join(root, 'layers'), services);
    const writables = Writables.open(join(root, 'ids'), join(root, 'empty'), layers, trash);
    return new OverlaySnapshots(root, layers, writables, services);
  }

  hasLayer(chainId: string): boolean {
    return this.#layers.has(chainId);
  }

  unpack(layer: LayerSource, options?: UnpackOptions): Promise<Usage> {
    return this.#layers.unpack(layer, options);
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

  async prepare(id: string, layers: readonly string[]): Promise<void> {
    this.#writables.prepare(id, layers);
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
    return this.#services.trees.call('changes', upper, lowers, mountPoints);
  }

  exportChanges(id: string, mountPoints: readonly string[] = []): Readable {
    const { upper, lowers } = this.#writables.describe(id);
    return exportTar({ root: upper, lowers, mountPoints });
  }

  exportTree(id: string): Readable {
    this.#writables.describe(id);
    return deferred(async () => {
      const held = await this.#writables.hold(id);
      return {
        stream: exportTar({ root: held.path }),
        [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
      };
    });
  }

  async usage(id: string): Promise<Usage> {
    return this.#services.trees.call('usage', this.#writables.describe(id).upper);
  }

  hold(id: string): Promise<{ readonly path: string } & AsyncDisposable> {
    return this.#writables.hold(id);
  }

  async withMounted<T>(id: string, work: (root: string) => Promise<T>): Promise<T> {
    await using held = await this.#writables.hold(id);
    return await work(held.path);
  }

  describe(id: string): Readonly<Record<string, string>> {
    const { lowers, upper, work, merged } = this.#writables.describe(id);
    return { LowerDir: lowers.join(':'), MergedDir: merged, UpperDir: upper, WorkDir: work };
  }

  async close(): Promise<void> {
    await this.#layers.close();
    const { settling, trees, trash } = this.#services;
    for (const service of [settling, trees, trash]) await service[Symbol.asyncDispose]();
  }
}
