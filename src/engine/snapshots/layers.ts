import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { BerthError, cancelled, notFound } from '#lib/errors';
import type { IdleThread } from '#lib/idle-thread';
import { KeyedLock, Semaphore } from '#lib/lock';
import { exchange, syncDirectory } from '#linux/files';
import type { ImageBacking } from '#linux/mount';
import { findProgram } from '#linux/process';
import { hexOf, isDigest, parseDigest } from '#oci/digest';
import { ARCHIVE_OFFSET, isUnfit } from '#oci/erofs';
import { Holds } from './holds.ts';
import { inherit } from './inherit.ts';
import { LayerMounts } from './layer-mounts.ts';
import { receiveTar } from './receive.ts';
import type { ReceivedTar } from './receive-thread.ts';
import type { Settling } from './settling.ts';
import type {
  Conversion,
  FileRange,
  LayerForm,
  LayerSource,
  PackedChanges,
  ReceivedLayer,
  StoredLayer,
  UnpackOptions,
  Usage,
} from './snapshots.ts';
import { sayFull } from './space-guard.ts';
import type { Trash } from './trash.ts';
import type { TreeJobs } from './tree-thread.ts';
import { unpackLayer, writeImage } from './unpack.ts';

interface Filled extends Usage {
  /** Bytes of the tar that an image holds; those of earlier versions do not say. */
  readonly archive?: number;
}

/** `layer.json` beside the tree. */
interface LayerRecord extends Filled {
  readonly diffId: string;
  readonly parent?: string;
  /** Default: a directory. */
  readonly form?: 'erofs';
}

/** The tree of a layer. */
export interface Lower {
  readonly path: string;
  /** It is a mount of its own: copies of what it lies in do not show it. */
  readonly isMount: boolean;
}

/** Layers whose trees can be read until this is disposed. */
export interface HeldLayers extends Disposable {
  readonly lowers: readonly Lower[];
}

const { image: IMAGE, target: TREE } = LayerMounts;
const UNFINISHED = '.tmp-';
/** Directories whose attributes are set in the main thread: 30 us each. */
const INHERIT_AT_ONCE = 8;

export interface LayerServices {
  readonly trash: Trash;
  readonly settling: Settling;
  readonly trees: IdleThread<TreeJobs>;
}

export interface LayersOptions {
  /** Of new layers, where an image can hold them. */
  readonly form: LayerForm;
  /** How images that are here already are mounted. */
  readonly backing: ImageBacking;
}

/**
 * Unpacked layers: `<root>/<hex of the chain id>/{diff,image}`. A directory of that name is a whole layer. `diff` is
 * its tree: the files themselves, or where `image` is mounted while somebody holds the layer.
 */
export class Layers {
  readonly #root: string;
  readonly #trash: Trash;
  readonly #settling: Settling;
  readonly #trees: IdleThread<TreeJobs>;
  readonly #igzip: string | undefined;
  /** Of new layers, where an image can hold them. */
  readonly form: LayerForm;
  readonly #mounts: LayerMounts;
  readonly #known = new Map<string, LayerRecord>();
  readonly #holds = new Holds();
  readonly #lock = new KeyedLock();
  readonly #slots = new Semaphore(Math.min(4, availableParallelism()));
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  private constructor(root: string, services: LayerServices, { form, backing }: LayersOptions) {
    this.#root = root;
    this.form = form;
    this.#mounts = new LayerMounts(root, backing);
    this.#trash = services.trash;
    this.#settling = services.settling;
    this.#trees = services.trees;
    this.#igzip = findProgram('igzip');
  }

  /** Sweeps what was not finished. */
  static async open(root: string, services: LayerServices, options: LayersOptions): Promise<Layers> {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    const layers = new Layers(root, services, options);
    await Promise.all(readdirSync(root).map((name) => layers.#adopt(name)));
    return layers;
  }

  has(chainId: string): boolean {
    return this.#known.has(chainId);
  }

  /** Where the layer's tree is, for as long as somebody holds it. @throws notFound */
  path(chainId: string): string {
    this.#get(chainId);
    return this.#tree(chainId);
  }

  /** Synchronous, 100 us for an image that is not mounted. @throws notFound, SystemError */
  hold(chainIds: readonly string[]): HeldLayers {
    using held = new DisposableStack();
    const lowers = chainIds.map((chainId): Lower => {
      const isMount = this.#get(chainId).form === 'erofs';
      held.use(this.#holds.take(chainId));
      if (isMount) held.use(this.#mounts.acquire(this.#place(chainId)));
      return { path: this.#tree(chainId), isMount };
    });
    const kept = held.move();
    return { lowers, [Symbol.dispose]: () => kept.dispose() };
  }

  usage(chainId: string): Usage {
    const { size, inodes } = this.#get(chainId);
    return { size, inodes };
  }

  /** The tar that the layer was made of, where an image holds it. @throws notFound */
  archive(chainId: string): (FileRange & { readonly diffId: string }) | undefined {
    const { archive, diffId } = this.#get(chainId);
    if (archive === undefined) return undefined;
    return { path: join(this.#place(chainId), IMAGE), start: ARCHIVE_OFFSET, length: archive, diffId };
  }

  /** Of any layer that was made of it. */
  archiveOf(diffId: string): FileRange | undefined {
    for (const [chainId, record] of this.#known)
      if (record.diffId === diffId && record.archive !== undefined) return this.archive(chainId);
    return undefined;
  }

  /** See `Snapshots.securesArchive`. */
  async securesArchive(chainId: string): Promise<boolean> {
    const record = this.#known.get(chainId);
    const place = this.#place(chainId);
    if (record?.archive === undefined || !this.#settling.isSettled(place)) return false;
    // The files are on disk. That their mark is gone has to be there as well.
    await syncDirectory(place);
    await syncDirectory(this.#root);
    return this.#known.get(chainId) === record;
  }

  list(): string[] {
    return [...this.#known.keys()];
  }

  async unpack(layer: LayerSource, { onProgress, signal }: UnpackOptions = {}): Promise<Usage> {
    using _turn = await this.#lock.acquire(layer.chainId);
    if (this.has(layer.chainId)) return this.usage(layer.chainId);
    return await this.#work(signal, (both) => this.#unpack(layer, both, onProgress));
  }

  /** See `Snapshots.receive`. Whoever sends the tar may take long: it takes no place of those that unpack. */
  async receive(
    tar: AsyncIterable<Uint8Array>,
    parent: string | undefined,
    signal?: AbortSignal,
  ): Promise<ReceivedLayer> {
    const place = join(this.#root, UNFINISHED + randomBytes(20).toString('hex'));
    const discard = () => void this.#trash.discard(place);
    try {
      const { diffId, image } = await this.#untilClosed(signal, (both) =>
        this.#receive(place, tar, parent, both),
      );
      const keep = async (chainId: string) => {
        using _turn = await this.#lock.acquire(chainId);
        if (!image || this.has(chainId)) return;
        await this.#finish(place, chainId, { ...image, diffId, ...(parent && { parent }), form: 'erofs' });
      };
      return { diffId, keep, [Symbol.dispose]: discard };
    } catch (error) {
      discard();
      throw error;
    }
  }

  async #receive(
    place: string,
    tar: AsyncIterable<Uint8Array>,
    parent: string | undefined,
    signal: AbortSignal,
  ): Promise<ReceivedTar> {
    // What the directories look like that it does not describe: only those below know.
    const isImage = this.form === 'erofs' && (parent === undefined || this.has(parent));
    if (!isImage) return await receiveTar(undefined, until(tar, signal));
    await mkdir(join(place, TREE), { recursive: true, mode: 0o755 });
    using held = this.hold(this.#stack(parent));
    const lowers = held.lowers.map(({ path }) => path);
    return await receiveTar({ path: join(place, IMAGE), uuid: randomBytes(16), lowers }, until(tar, signal));
  }

  /** See `Snapshots.convertLayer`. */
  async convert(chainId: string, stored: StoredLayer, signal?: AbortSignal): Promise<Conversion> {
    const { form = 'directory' } = this.#get(chainId);
    return form === this.form ? 'unchanged' : this.rebuild(chainId, stored, signal);
  }

  /** Makes the layer anew from its stored tar, in the form that new ones get. */
  async rebuild(chainId: string, stored: StoredLayer, signal?: AbortSignal): Promise<Conversion> {
    using _turn = await this.#lock.acquire(chainId);
    const { diffId, parent } = this.#get(chainId);
    if (this.#holds.has(chainId)) return 'in-use';
    const layer = { chainId, diffId, ...stored, ...(parent && { parent }) };
    try {
      await this.#work(signal, (both) => this.#unpackAs(this.form, layer, both));
    } catch (error) {
      if (isUnfit(error)) return 'unfit';
      if (error instanceof LayerInUse) return 'in-use';
      throw error;
    }
    return 'converted';
  }

  /**
   * Makes what was packed a layer, unless there is that layer already. `path`: the directory, or the image's file, of
   * the same file system.
   */
  async adopt(
    path: string,
    { chainId, parent }: Pick<LayerSource, 'chainId' | 'parent'>,
    { form, size, inodes, diffId, archive }: PackedChanges,
  ): Promise<void> {
    using _turn = await this.#lock.acquire(chainId);
    if (this.has(chainId)) return;
    await this.#make(form, { chainId, diffId, ...(parent && { parent }) }, async (place) => {
      await rename(path, join(place, form === 'erofs' ? IMAGE : TREE));
      return { size, inodes, ...(form === 'erofs' && { archive: archive.length }) };
    });
  }

  remove(chainId: string): void {
    const record = this.#known.get(chainId);
    if (!record) return;
    this.#known.delete(chainId);
    const place = this.#place(chainId);
    this.#mounts.forget(place);
    this.#trash.discard(place, record.form === 'erofs' ? TREE : undefined);
  }

  /** Ends what is being unpacked. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#running);
    this.#mounts[Symbol.dispose]();
  }

  async #work<T>(signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    using _slot = await this.#slots.acquire();
    return await this.#untilClosed(signal, work);
  }

  async #untilClosed<T>(
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const working = work(AbortSignal.any(signal ? [this.#closing.signal, signal] : [this.#closing.signal]));
    this.#running.add(working);
    try {
      return await working;
    } finally {
      this.#running.delete(working);
    }
  }

  async #unpack(
    layer: LayerSource,
    signal: AbortSignal,
    onProgress?: (bytes: number) => void,
  ): Promise<Usage> {
    try {
      return await this.#unpackAs(this.form, layer, signal, onProgress);
    } catch (error) {
      if (!isUnfit(error)) throw error;
      return await this.#unpackAs('directory', layer, signal, onProgress);
    }
  }

  /** @throws UnfitLayer */
  async #unpackAs(
    form: LayerForm,
    layer: LayerSource,
    signal: AbortSignal,
    onProgress?: (bytes: number) => void,
  ): Promise<Usage> {
    if (signal.aborted) throw cancelled();
    using held = this.hold(this.#stack(layer.parent));
    const lowers = held.lowers.map(({ path }) => path);
    const { diffId } = layer;
    const job = { stored: layer, diffId, igzip: this.#igzip, signal, ...(onProgress && { onProgress }) };
    return await this.#make(form, layer, async (place) => {
      if (form === 'erofs') {
        return await writeImage(job, { path: join(place, IMAGE), uuid: uuidOf(layer.chainId), lowers });
      }
      const { implied, ...usage } = await unpackLayer(job, join(place, TREE));
      await this.#inherit(join(place, TREE), implied, lowers);
      return usage;
    });
  }

  /** `fill` puts the layer into its place to be, where an empty directory is ready to be the tree. */
  async #make(
    form: LayerForm,
    { chainId, diffId, parent }: Omit<LayerSource, keyof StoredLayer>,
    fill: (place: string) => Promise<Filled>,
  ): Promise<Usage> {
    const unfinished = this.#unfinished(chainId);
    await mkdir(join(unfinished, TREE), { recursive: true, mode: 0o755 });
    try {
      const filled = await fill(unfinished);
      const record = { ...filled, diffId, ...(parent && { parent }), ...(form === 'erofs' && { form }) };
      await this.#finish(unfinished, chainId, record);
      return { size: filled.size, inodes: filled.inodes };
    } catch (error) {
      this.#trash.discard(unfinished);
      throw sayFull(error);
    }
  }

  #unfinished(chainId: string): string {
    const unique = `${hexOf(parseDigest(chainId))}-${randomBytes(4).toString('hex')}`;
    return join(this.#root, UNFINISHED + unique);
  }

  /** @throws LayerInUse when it would take the place of one that somebody has got hold of */
  async #finish(unfinished: string, chainId: string, record: LayerRecord): Promise<void> {
    await writeFile(join(unfinished, 'layer.json'), JSON.stringify(record));
    const mark = this.#settling.mark(unfinished);
    const place = this.#place(chainId);
    if (this.has(chainId)) this.#replace(unfinished, chainId);
    else await rename(unfinished, place);
    this.#known.set(chainId, record);
    mark(place);
  }

  /** Synchronous: nobody can get hold of the layer meanwhile. */
  #replace(unfinished: string, chainId: string): void {
    if (this.#holds.has(chainId)) throw new LayerInUse(chainId);
    const place = this.#place(chainId);
    exchange(unfinished, place);
    this.#mounts.forget(place);
    this.#trash.discard(unfinished, TREE);
  }

  /** What the layer did not describe is as it was below. */
  async #inherit(tree: string, implied: readonly string[], lowers: readonly string[]): Promise<void> {
    if (lowers.length === 0 || implied.length === 0) return;
    if (implied.length <= INHERIT_AT_ONCE) inherit(tree, implied, lowers);
    else await this.#trees.call('inherit', tree, implied, lowers);
  }

  /** A layer and those below it, top first, as far as they are here. */
  #stack(chainId: string | undefined): string[] {
    const record = chainId === undefined ? undefined : this.#known.get(chainId);
    if (chainId === undefined || !record) return [];
    return [chainId, ...this.#stack(record.parent)];
  }

  async #adopt(name: string): Promise<void> {
    const chainId = `sha256:${name}`;
    const place = join(this.#root, name);
    const record = isDigest(chainId) && this.#settling.isWhole(place) ? await readRecord(place) : undefined;
    if (record) this.#known.set(chainId, record);
    else this.#trash.discard(place, TREE);
  }

  #get(chainId: string): LayerRecord {
    const record = this.#known.get(chainId);
    if (!record) throw notFound(`layer ${chainId}: not found`);
    return record;
  }

  #place(chainId: string): string {
    return join(this.#root, hexOf(parseDigest(chainId)));
  }

  #tree(chainId: string): string {
    return join(this.#place(chainId), TREE);
  }
}

/** Of an image: no other has it, and the same layer on the same ones has it again. */
const uuidOf = (chainId: string): Uint8Array =>
  Buffer.from(hexOf(parseDigest(chainId)), 'hex').subarray(0, 16);

async function* until(tar: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of tar) {
    if (signal.aborted) throw cancelled();
    yield chunk;
  }
}

class LayerInUse extends BerthError {
  constructor(chainId: string) {
    super('conflict', `layer ${chainId} is in use`);
  }
}

async function readRecord(place: string): Promise<LayerRecord | undefined> {
  try {
    return JSON.parse(await readFile(join(place, 'layer.json'), 'utf8')) as LayerRecord;
  } catch {
    // Not whole after all, whatever the reason: it is unpacked again when it is needed.
    return undefined;
  }
}
