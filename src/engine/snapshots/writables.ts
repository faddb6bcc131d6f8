import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { codeOf, conflict, invalid, notFound, unsupported } from '#lib/errors';
import type { IdMap } from '#linux/ids';
import { listMounts, mountOverlay, unmount } from '#linux/mount';
import { Gathering } from './gathering.ts';
import { copyAttributes } from './inherit.ts';
import type { Layers, Lower } from './layers.ts';
import { type MappedRoots, openMappedCopy } from './mapped-roots.ts';
import type { HeldRoot } from './snapshots.ts';
import type { Trash } from './trash.ts';

interface Writable {
  /** Chain ids, top first. */
  readonly layers: readonly string[];
  /** Owners show mapped where it is mounted. */
  readonly idMap: IdMap | undefined;
  mounted: boolean;
  /** Its layers, while it is mounted. */
  held: Disposable | undefined;
  /** Mounted so that its unmount syncs nothing. */
  volatile: boolean;
  /** The owner of the snapshot wants it mounted. */
  wanted: boolean;
  /** Others who need it mounted for a while. */
  holds: number;
  /** An unmount under way. */
  leaving: Promise<void> | undefined;
}

const UNFINISHED = '.tmp-';

/**
 * An unmount syncs the whole file system that the upper directory is on, and whoever writes there has to wait
 * meanwhile. Those that are asked for within this time share one sync, and what is removed by then need never
 * be written.
 */
const GATHER_MS = 100;

/** The place of all snapshots as owners show there, and how layers' mounts are made to show them so. */
interface View {
  readonly base: string;
  readonly userns: number | undefined;
}

export interface WritableServices {
  readonly layers: Layers;
  readonly trash: Trash;
  readonly roots: MappedRoots;
}

/**
 * Writable snapshots: `<root>/ids/<id>/{diff,work,merged,layers,idmap,packed}`. A directory without the prefix is a
 * whole one.
 */
export class Writables {
  readonly #base: string;
  readonly #root: string;
  readonly #layers: Layers;
  readonly #trash: Trash;
  readonly #roots: MappedRoots;
  readonly #known = new Map<string, Writable>();
  readonly #unmounts = new Gathering(GATHER_MS);

  private constructor(base: string, { layers, trash, roots }: WritableServices) {
    this.#base = base;
    this.#root = join(base, 'ids');
    this.#layers = layers;
    this.#trash = trash;
    this.#roots = roots;
  }

  /** Finds the snapshots of the daemon before, mounted or not. `<base>/empty` is a directory that stays empty. */
  static open(base: string, services: WritableServices): Writables {
    const writables = new Writables(base, services);
    const root = join(base, 'ids');
    mkdirSync(root, { recursive: true, mode: 0o700 });
    const mounted = new Set(listMounts().map(({ mountPoint }) => mountPoint));
    for (const name of readdirSync(root)) writables.#adopt(name, mounted);
    return writables;
  }

  list(): string[] {
    return [...this.#known.keys()];
  }

  standsOn(chainId: string): boolean {
    return [...this.#known.values()].some(({ layers }) => layers.includes(chainId));
  }

  /** Synchronous, 0.2 ms: no layer can go away while it is being put under a snapshot. */
  prepare(id: string, layers: readonly string[], idMap?: IdMap): void {
    if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(id))
      throw invalid(`not an id of a snapshot: ${JSON.stringify(id)}`);
    if (this.#known.has(id)) throw conflict(`snapshot ${id} exists`);
    for (const chainId of layers) this.#layers.path(chainId);
    using held = this.#layers.hold(layers.slice(0, 1));
    const unfinished = join(this.#root, UNFINISHED + id);
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { mode: 0o700 });
    for (const name of ['diff', 'work', 'merged']) mkdirSync(join(unfinished, name));
    // The upper directory's own attributes are those of the container's root directory.
    const upper = join(unfinished, 'diff');
    chmodSync(upper, 0o755);
    for (const { path } of held.lowers) copyAttributes(path, upper);
    writeFileSync(join(unfinished, 'layers'), layers.join('\n'));
    if (idMap) writeFileSync(join(unfinished, 'idmap'), JSON.stringify(idMap));
    renameSync(unfinished, join(this.#root, id));
    this.#known.set(id, newWritable(layers, idMap, false));
  }

  async mount(id: string, volatile: boolean): Promise<string> {
    const writable = this.#get(id);
    const view = await this.#view(writable.idMap);
    await writable.leaving;
    const path = this.#mount(id, writable, { ...view, volatile });
    writable.wanted = true;
    return path;
  }

  /** Kernels before 5.19 map owners, but not below an overlay: only a mount shows it. @throws unsupported */
  async requireIdMapping(idMap: IdMap): Promise<void> {
    const id = `probe-${process.pid}`;
    this.prepare(id, [], idMap);
    try {
      await this.mount(id, true);
    } catch (error) {
      if (codeOf(error) !== 'EINVAL') throw error;
      throw unsupported('user namespaces need overlays of idmapped mounts: use Linux 5.19 or newer', error);
    } finally {
      await this.remove(id);
    }
  }

  isMounted(id: string): boolean {
    return this.#known.get(id)?.mounted ?? false;
  }

  async unmount(id: string): Promise<void> {
    const writable = this.#known.get(id);
    if (!writable) return;
    writable.wanted = false;
    if (!writable.volatile) await this.#unmounts.join();
    await this.#release(id, writable);
  }

  /** Keeps it mounted until the result is disposed. */
  async hold(id: string): Promise<HeldRoot> {
    const writable = this.#get(id);
    const view = await this.#view(writable.idMap);
    await writable.leaving;
    const path = this.#mount(id, writable, { ...view, volatile: false });
    writable.holds++;
    return {
      path,
      idMap: writable.idMap,
      [Symbol.asyncDispose]: async () => {
        writable.holds--;
        await this.#release(id, writable);
      },
    };
  }

  async remove(id: string): Promise<void> {
    const writable = this.#known.get(id);
    if (!writable) return;
    this.#known.delete(id);
    if (writable.mounted && !writable.volatile) await this.#unmounts.join();
    if (writable.mounted) writable.leaving ??= this.#leave(id, writable);
    await writable.leaving;
    this.#trash.discard(join(this.#root, id));
  }

  /** Keeps the layers below readable until the result is disposed. @throws notFound */
  holdLayers(id: string): Disposable {
    return this.#layers.hold(this.#get(id).layers);
  }

  /** Directories of the overlay. @throws notFound */
  describe(id: string): { lowers: string[]; upper: string; work: string; merged: string; packed: string } {
    const { layers } = this.#get(id);
    const home = join(this.#root, id);
    return {
      lowers: layers.map((chainId) => this.#layers.path(chainId)),
      upper: join(home, 'diff'),
      work: join(home, 'work'),
      merged: join(home, 'merged'),
      packed: join(home, 'packed'),
    };
  }

  async #view(idMap: IdMap | undefined): Promise<View> {
    const base = await this.#roots.path(idMap);
    return { base, userns: idMap && (await this.#roots.userns(idMap)) };
  }

  #mount(id: string, writable: Writable, options: View & { volatile: boolean }): string {
    const { volatile } = options;
    const { work, merged } = this.describe(id);
    if (writable.mounted && !writable.leaving) return merged;
    if (writable.leaving) throw conflict(`snapshot ${id} is being unmounted`);
    // The kernel refuses to mount again what was mounted volatile: it cannot know whether all was written.
    // For us the content is what the page cache has, and only a crash of the machine would lose it.
    const incompatible = join(work, 'work', 'incompat');
    if (existsSync(incompatible)) rmSync(incompatible, { recursive: true, force: true });
    using stack = new DisposableStack();
    const { lowers } = stack.use(this.#layers.hold(writable.layers));
    this.#mountOverlay(id, lowers, options);
    writable.held = stack.move();
    writable.mounted = true;
    writable.volatile = volatile;
    return merged;
  }

  #mountOverlay(
    id: string,
    lowers: readonly Lower[],
    { base, userns, volatile }: View & { volatile: boolean },
  ) {
    const { upper, work, merged } = this.describe(id);
    const mapped = (path: string) => join(base, relative(this.#base, path));
    using copies = new DisposableStack();
    const place = ({ path, isMount }: Lower): string => {
      if (!isMount) return mapped(path);
      if (userns === undefined) return path;
      return `/proc/self/fd/${copies.adopt(openMappedCopy(path, userns), closeSync)}`;
    };
    mountOverlay({
      // Overlay needs something below, even for an empty image.
      lowers: lowers.length > 0 ? lowers.map(place) : [mapped(join(this.#base, 'empty'))],
      upper: mapped(upper),
      work: mapped(work),
      target: merged,
      volatile,
    });
  }

  async #release(id: string, writable: Writable): Promise<void> {
    if (writable.wanted || writable.holds > 0 || !writable.mounted) return writable.leaving;
    writable.leaving ??= this.#leave(id, writable);
    await writable.leaving;
  }

  async #leave(id: string, writable: Writable): Promise<void> {
    try {
      await unmount(join(this.#root, id, 'merged'));
      writable.mounted = false;
      writable.held?.[Symbol.dispose]();
      writable.held = undefined;
    } finally {
      writable.leaving = undefined;
    }
  }

  #adopt(name: string, mounted: ReadonlySet<string>): void {
    const home = join(this.#root, name);
    if (name.startsWith(UNFINISHED)) {
      this.#trash.discard(home);
      return;
    }
    const layers = readFileSync(join(home, 'layers'), 'utf8').split('\n').filter(Boolean);
    const writable = newWritable(layers, readIdMap(home), mounted.has(join(home, 'merged')));
    if (writable.mounted) writable.held = this.#holdAgain(layers);
    this.#known.set(name, writable);
  }

  /** Of one that is mounted. It runs on what it has: whoever needs its layers next is told why they cannot be had. */
  #holdAgain(layers: readonly string[]): Disposable {
    const held = new DisposableStack();
    for (const chainId of layers) {
      try {
        held.use(this.#layers.hold([chainId]));
      } catch {
        // Its image is damaged or gone.
      }
    }
    return held;
  }

  #get(id: string): Writable {
    const writable = this.#known.get(id);
    if (!writable) throw notFound(`snapshot ${id}: not found`);
    return writable;
  }
}

function readIdMap(home: string): IdMap | undefined {
  const path = join(home, 'idmap');
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as IdMap) : undefined;
}

/** What is found mounted was mounted for its owner. */
const newWritable = (layers: readonly string[], idMap: IdMap | undefined, mounted: boolean): Writable => ({
  layers,
  idMap,
  mounted,
  held: undefined,
  volatile: false,
  wanted: mounted,
  holds: 0,
  leaving: undefined,
});
