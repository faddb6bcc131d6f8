import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { cancelled, notFound } from '#lib/errors';
import { KeyedLock, Semaphore } from '#lib/lock';
import { hexOf, isDigest, parseDigest } from '#oci/digest';
import { Settling } from './settling.ts';
import type { LayerSource, UnpackOptions, Usage } from './snapshots.ts';
import type { Trash } from './trash.ts';
import { findIgzip, unpackLayer } from './unpack.ts';

/** `layer.json` beside the tree. */
interface LayerRecord extends Usage {
  readonly diffId: string;
  readonly parent?: string;
}

const UNFINISHED = '.tmp-';

/** Unpacked layers: `<root>/<hex of the chain id>/diff`. A directory of that name is a whole layer. */
export class Layers {
  readonly #root: string;
  readonly #trash: Trash;
  readonly #settling: Settling;
  readonly #igzip: string | undefined;
  readonly #known = new Map<string, LayerRecord>();
  readonly #lock = new KeyedLock();
  readonly #slots = new Semaphore(Math.min(4, availableParallelism()));
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  private constructor(root: string, trash: Trash, settling: Settling, igzip: string | undefined) {
    this.#root = root;
    this.#trash = trash;
    this.#settling = settling;
    this.#igzip = igzip;
  }

  /** Sweeps what was not finished. */
  static async open(root: string, trash: Trash, settling: Settling): Promise<Layers> {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    const layers = new Layers(root, trash, settling, await findIgzip());
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
    const unfinished = join(
      this.#root,
      `${UNFINISHED}${hexOf(parseDigest(layer.chainId))}-${randomBytes(4).toString('hex')}`,
    );
    const tree = join(unfinished, 'diff');
    await mkdir(tree, { recursive: true, mode: 0o755 });
    try {
      await this.#likeParent(tree, layer.parent);
      const usage = await unpackLayer({
        blob: layer.path,
        diffId: layer.diffId,
        target: tree,
        igzip: this.#igzip,
        signal,
        ...(onProgress && { onProgress }),
      });
      const record = { ...usage, diffId: layer.diffId, ...(layer.parent && { parent: layer.parent }) };
      await writeFile(join(unfinished, 'layer.json'), JSON.stringify(record));
      const mark = this.#settling.mark(unfinished);
      const place = this.#place(layer.chainId);
      await rename(unfinished, place);
      this.#known.set(layer.chainId, record);
      mark(place);
      return usage;
    } catch (error) {
      this.#trash.discard(unfinished);
      throw error;
    }
  }

  /** A layer that says nothing of the root directory leaves it as it was below. */
  async #likeParent(tree: string, parent: string | undefined): Promise<void> {
    const { mode, uid, gid } = parent && this.has(parent) ? statSync(this.path(parent)) : NEW_ROOT;
    await chown(tree, uid, gid);
    await chmod(tree, mode & 0o7777);
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

const NEW_ROOT = { mode: 0o755, uid: 0, gid: 0 };

async function readRecord(place: string): Promise<LayerRecord | undefined> {
  try {
    return JSON.parse(await readFile(join(place, 'layer.json'), 'utf8')) as LayerRecord;
  } catch {
    // Not whole after all, whatever the reason: it is unpacked again when it is needed.
    return undefined;
  }
}
