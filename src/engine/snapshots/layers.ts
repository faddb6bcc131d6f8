import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { cancelled, notFound } from '#lib/errors';
import type { IdleThread } from '#lib/idle-thread';
import { KeyedLock, Semaphore } from '#lib/lock';
import { findProgram } from '#linux/process';
import { hexOf, isDigest, parseDigest } from '#oci/digest';
import { inherit } from './inherit.ts';
import type { Settling } from './settling.ts';
import type { LayerSource, UnpackOptions, Usage } from './snapshots.ts';
import type { Trash } from './trash.ts';
import type { TreeJobs } from './tree-thread.ts';
import { unpackLayer } from './unpack.ts';

/** `layer.json` beside the tree. */
interface LayerRecord extends Usage {
  readonly diffId: string;
  readonly parent?: string;
}

const UNFINISHED = '.tmp-';
/** Directories whose attributes are set in the main thread: 30 us each. */
const INHERIT_AT_ONCE = 8;

export interface LayerServices {
  readonly trash: Trash;
  readonly settling: Settling;
  readonly trees: IdleThread<TreeJobs>;
}

/** Unpacked layers: `<root>/<hex of the chain id>/diff`. A directory of that name is a whole layer. */
export class Layers {
  readonly #root: string;
  readonly #trash: Trash;
  readonly #settling: Settling;
  readonly #trees: IdleThread<TreeJobs>;
  readonly #igzip: string | undefined;
  readonly #known = new Map<string, LayerRecord>();
  readonly #lock = new KeyedLock();
  readonly #slots = new Semaphore(Math.min(4, availableParallelism()));
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  private constructor(root: string, services: LayerServices, igzip: string | undefined) {
    this.#root = root;
    this.#trash = services.trash;
    this.#settling = services.settling;
    this.#trees = services.trees;
    this.#igzip = igzip;
  }

  /** Sweeps what was not finished. */
  static async open(root: string, services: LayerServices): Promise<Layers> {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    const layers = new Layers(root, services, findProgram('igzip'));
    await Promise.all(readdirSync(root).map((name) => layers.#adopt(name)));
    return layers;
  }

  has(chainId: string): boolean {
    return this.#known.has(chainId);
  }

  /** The layer's tree. @throws notFound */
  path(chainId: string): string {
    this.#get(chainId);
    return join(this.#place(chainId), 'diff');
  }

  usage(chainId: string): Usage {
    const { size, inodes } = this.#get(chainId);
    return { size, inodes };
  }

  list(): string[] {
    return [...this.#known.keys()];
  }

  async unpack(layer: LayerSource, { onProgress, signal }: UnpackOptions = {}): Promise<Usage> {
    using _turn = await this.#lock.acquire(layer.chainId);
    if (this.has(layer.chainId)) return this.usage(layer.chainId);
    using _slot = await this.#slots.acquire();
    const signals = signal ? [this.#closing.signal, signal] : [this.#closing.signal];
    const work = this.#unpack(layer, AbortSignal.any(signals), onProgress);
    this.#running.add(work);
    try {
      return await work;
    } finally {
      this.#running.delete(work);
    }
  }

  /** Makes a directory of the same file system the tree of a layer, unless there is that layer already. */
  async adoptTree(
    tree: string,
    { chainId, diffId, parent }: Omit<LayerSource, 'path'>,
    usage: Usage,
  ): Promise<void> {
    using _turn = await this.#lock.acquire(chainId);
    if (this.has(chainId)) return;
    const unfinished = this.#unfinished(chainId);
    await mkdir(unfinished, { mode: 0o755 });
    try {
      await rename(tree, join(unfinished, 'diff'));
      const { size, inodes } = usage;
      await this.#finish(unfinished, chainId, { size, inodes, diffId, ...(parent && { parent }) });
    } catch (error) {
      this.#trash.discard(unfinished);
      throw error;
    }
  }

  remove(chainId: string): void {
    if (!this.#known.delete(chainId)) return;
    this.#trash.discard(this.#place(chainId));
  }

  /** Ends what is being unpacked. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#running);
  }

  async #unpack(
    layer: LayerSource,
    signal: AbortSignal,
    onProgress?: (bytes: number) => void,
  ): Promise<Usage> {
    if (signal.aborted) throw cancelled();
    const unfinished = this.#unfinished(layer.chainId);
    const tree = join(unfinished, 'diff');
    await mkdir(tree, { recursive: true, mode: 0o755 });
    try {
      const { implied, ...usage } = await unpackLayer({
        blob: layer.path,
        diffId: layer.diffId,
        target: tree,
        igzip: this.#igzip,
        signal,
        ...(onProgress && { onProgress }),
      });
      await this.#inherit(tree, implied, layer.parent);
      const record = { ...usage, diffId: layer.diffId, ...(layer.parent && { parent: layer.parent }) };
      await this.#finish(unfinished, layer.chainId, record);
      return usage;
    } catch (error) {
      this.#trash.discard(unfinished);
      throw error;
    }
  }

  #unfinished(chainId: string): string {
    const unique = `${hexOf(parseDigest(chainId))}-${randomBytes(4).toString('hex')}`;
    return join(this.#root, UNFINISHED + unique);
  }

  async #finish(unfinished: string, chainId: string, record: LayerRecord): Promise<void> {
    await writeFile(join(unfinished, 'layer.json'), JSON.stringify(record));
    const mark = this.#settling.mark(unfinished);
    const place = this.#place(chainId);
    await rename(unfinished, place);
    this.#known.set(chainId, record);
    mark(place);
  }

  /** What the layer did not describe is as it was below. */
  async #inherit(tree: string, implied: readonly string[], parent: string | undefined): Promise<void> {
    const lowers = this.#stack(parent);
    if (lowers.length === 0 || implied.length === 0) return;
    if (implied.length <= INHERIT_AT_ONCE) inherit(tree, implied, lowers);
    else await this.#trees.call('inherit', tree, implied, lowers);
  }

  /** Trees of a layer and those below it, top first. */
  #stack(chainId: string | undefined): string[] {
    const record = chainId === undefined ? undefined : this.#known.get(chainId);
    if (chainId === undefined || !record) return [];
    return [this.path(chainId), ...this.#stack(record.parent)];
  }

  async #adopt(name: string): Promise<void> {
    const chainId = `sha256:${name}`;
    const place = join(this.#root, name);
    const record = isDigest(chainId) && this.#settling.isWhole(place) ? await readRecord(place) : undefined;
    if (record) this.#known.set(chainId, record);
    else this.#trash.discard(place);
  }

  #get(chainId: string): LayerRecord {
    const record = this.#known.get(chainId);
    if (!record) throw notFound(`layer ${chainId}: not found`);
    return record;
  }

  #place(chainId: string): string {
    return join(this.#root, hexOf(parseDigest(chainId)));
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
