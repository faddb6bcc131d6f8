import { createHash, randomBytes } from 'node:crypto';
import { existsSync, renameSync } from 'node:fs';
import { mkdir, open, opendir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, invalid, notFound } from '#lib/errors';
import { algorithmOf, type Digest, hexOf, isDigest, parseDigest } from '#oci/digest';
import { type Ingest, openIngest } from './ingest.ts';
import { keepBlob, restoreBlob } from './kept.ts';
import { type Lease, Leases } from './leases.ts';
import { readPart } from './read-part.ts';
import { type Arrived, diskFull, receive } from './receive.ts';
import { mapOf, SegmentedIngest } from './segments.ts';

/** Of whose digests blobs are called. What is written here is called by the first. */
const ALGORITHMS = ['sha256', 'sha512'] as const;
/** Manifests and configs are a few kilobytes; registries refuse manifests beyond 4 MiB. */
const SMALL_BLOB = 4 << 20;
/** A broken-off download may be resumed for a day. */
const INGEST_LIFETIME_MS = 24 * 3600 * 1000;

/** A file system takes 0.3 s to let go of 500 MB: nobody waits for that. */
const AT_ONCE_BYTES = 4 << 20;

/** Where the bytes of a blob are: in a file of its own, or in a part of another one. */
export interface BlobPlace {
  readonly path: string;
  readonly part?: { readonly start: number; readonly length: number };
}

/** Knows blobs that are parts of other files. */
export type BlobParts = (
  digest: string,
) => { readonly path: string; readonly start: number; readonly length: number } | undefined;

/**
 * Content-addressed blobs in an OCI image layout (`<root>/blobs/sha256/<hex>`): written to a temporary file, hashed while it
 * arrives, fsynced, renamed. Leases keep what is in use from garbage collection.
 */
export class BlobStore {
  readonly root: string;
  readonly #leases = new Leases();
  #parts: BlobParts = () => undefined;

  private constructor(root: string) {
    this.root = root;
  }

  /** Sweeps what an interrupted write left behind; broken-off downloads stay for a day. */
  static async open(root: string): Promise<BlobStore> {
    for (const algorithm of ALGORITHMS)
      await mkdir(join(root, 'blobs', algorithm), { recursive: true, mode: 0o700 });
    await mkdir(join(root, 'ingest'), { recursive: true, mode: 0o700 });
    await rm(join(root, 'tmp'), { recursive: true, force: true });
    await mkdir(join(root, 'tmp'), { mode: 0o700 });
    const store = new BlobStore(root);
    await store.#replace('oci-layout', '{"imageLayoutVersion":"1.0.0"}');
    if (!(await exists(join(root, 'index.json')))) await store.writeIndex([]);
    await store.#dropStaleIngests();
    return store;
  }

  /** Holds digests while something is built from them: `using lease = blobs.lease()`. */
  lease(): Lease {
    return this.#leases.open();
  }

  /** @throws invalid unless it is a digest */
  path(digest: string): string {
    // The digest becomes a file name: nothing but hex digits may get there.
    const parsed = parseDigest(digest);
    return join(this.root, 'blobs', algorithmOf(parsed), hexOf(parsed));
  }

  /** Blobs that have no file of their own are looked for there too. */
  alsoIn(parts: BlobParts): void {
    this.#parts = parts;
  }

  async has(digest: string): Promise<boolean> {
    return (await exists(this.path(digest))) || this.#parts(digest) !== undefined;
  }

  /** Whether it lies in a file of its own. */
  hasFile(digest: string): boolean {
    return existsSync(this.path(digest));
  }

  isLeased(digest: string): boolean {
    return this.#leases.holds(digest);
  }

  /** Of a blob that is missing: where its file would be. */
  locate(digest: string): BlobPlace {
    const path = this.path(digest);
    const found = existsSync(path) ? undefined : this.#parts(digest);
    return found ? { path: found.path, part: found } : { path };
  }

  /** @throws notFound */
  async size(digest: string): Promise<number> {
    const { path, part } = this.locate(digest);
    try {
      return part?.length ?? (await stat(path)).size;
    } catch (error) {
      throw missing(error, digest);
    }
  }

  /** Small blobs (manifests, configs), bounded. @throws notFound, invalid when it is larger than `limit` */
  async read(digest: string, limit = SMALL_BLOB): Promise<Buffer> {
    const size = await this.size(digest);
    if (size > limit) throw invalid(`${digest} is too large for what it is: ${size} bytes, at most ${limit}`);
    if (!this.hasFile(digest)) return Buffer.concat(await Array.fromAsync(this.open(digest)));
    try {
      return await readFile(this.path(digest));
    } catch (error) {
      throw missing(error, digest);
    }
  }

  /** `end` is inclusive, as in a Range header. The file is opened by whoever reads. */
  open(
    digest: string,
    range: { start: number; end?: number } = { start: 0 },
  ): AsyncGenerator<Uint8Array, void> {
    const { path, part } = this.locate(digest);
    const { start = 0, length = Number.POSITIVE_INFINITY } = part ?? {};
    const end = Math.min(range.end ?? Number.POSITIVE_INFINITY, length - 1);
    return readPart({ path, start: start + range.start, length: end + 1 - range.start });
  }

  /**
   * Hashes while writing; with `expected` a mismatch is an error naming both and nothing is kept. `hold` is called
   * with the digest before the blob can be seen: the moment to lease it.
   * @throws invalid, cancelled; system when the disk is full
   */
  async write(
    content: AsyncIterable<Uint8Array> | Uint8Array,
    expected: { digest?: string; size?: number; hold?: (digest: string) => void } = {},
    signal?: AbortSignal,
  ): Promise<Arrived> {
    const temporary = this.temporary();
    try {
      const arrived = await this.spool(temporary, content, signal);
      verify(arrived, expected);
      expected.hold?.(arrived.digest);
      await this.adopt(temporary, arrived);
      return arrived;
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  /** A path for a file that becomes a blob or goes away; below the root, gone at the next start. */
  temporary(): string {
    return join(this.root, 'tmp', randomBytes(8).toString('hex'));
  }

  /** Writes a new file and tells its digest. The file stays, whatever happens: it is the caller's. */
  async spool(
    path: string,
    content: AsyncIterable<Uint8Array> | Uint8Array,
    signal?: AbortSignal,
  ): Promise<Arrived> {
    const hash = createHash('sha256');
    let size = 0;
    const chunks = content instanceof Uint8Array ? once(content) : content;
    const file = await open(path, 'wx', 0o600);
    try {
      await receive(chunks, file, { hash, onBytes: (count) => void (size += count) }, signal);
    } finally {
      await file.close();
    }
    return { digest: `sha256:${hash.digest('hex')}`, size };
  }

  /** Makes a spooled file the blob of that digest. The caller has hashed it: see `spool`. */
  async adopt(path: string, arrived: Arrived): Promise<void> {
    const file = await open(path, 'r+');
    try {
      await file.sync();
    } catch (error) {
      throw diskFull(error);
    } finally {
      await file.close();
    }
    await rename(path, this.path(arrived.digest));
  }

  /** A resumable download: what has arrived stays on disk under `key` until `commit` or `discard`. */
  async ingest(key: string): Promise<Ingest> {
    return openIngest(this.#arriving(key), (path, arrived) => this.adopt(path, arrived));
  }

  /** The same for a large one that arrives at several places at once. */
  async segmentedIngest(key: string, size: number): Promise<SegmentedIngest> {
    const path = this.#arriving(`segments ${key}`);
    return SegmentedIngest.open(path, size, (file, arrived) => this.adopt(file, arrived));
  }

  /** Remembers a blob that has arrived for a day, whatever is collected, for who asks for it again: see `restore`. */
  async keep(digest: string): Promise<void> {
    await keepBlob(this.path(digest), this.#arriving(`whole ${digest}`));
  }

  /** The opposite, and with `arriving` also what has come of it so far: nobody may be at it. */
  async forget(digest: string, { arriving = false } = {}): Promise<void> {
    const segments = this.#arriving(`segments ${digest}`);
    const parts = arriving ? [this.#arriving(digest), segments, mapOf(segments)] : [];
    for (const path of [this.#arriving(`whole ${digest}`), ...parts]) await rm(path, { force: true });
  }

  /** Brings back a blob that was kept; false when there is none. */
  async restore(digest: string, size: number): Promise<boolean> {
    return restoreBlob(this.#arriving(`whole ${digest}`), this.path(digest), size);
  }

  #arriving(key: string): string {
    return join(this.root, 'ingest', createHash('sha256').update(key).digest('hex'));
  }

  /** Missing is fine. The blob is out of reach at once; a large one is on disk for a while. */
  async delete(digest: string, size = 0): Promise<void> {
    const trash = this.temporary();
    try {
      renameSync(this.path(digest), trash);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return;
      throw error;
    }
    const deleted = rm(trash, { force: true });
    if (size < AT_ONCE_BYTES) return deleted;
    // Whatever keeps it: the next process begins with an empty directory.
    deleted.catch(() => {});
  }

  async *list(): AsyncGenerator<{ digest: Digest; size: number }, void> {
    for (const algorithm of ALGORITHMS) {
      const folder = join(this.root, 'blobs', algorithm);
      for await (const entry of await opendir(folder)) {
        const digest = `${algorithm}:${entry.name}`;
        if (!isDigest(digest)) continue;
        const found = await stat(join(folder, entry.name)).catch(() => undefined);
        if (found) yield { digest, size: found.size };
      }
    }
  }

  /**
   * Deletes every blob that `keep` does not name and no lease holds; tells the bytes freed. `keep` is called once,
   * in the same turn of the loop as the deletions, so that no reference can appear in between.
   */
  async collect(keep: () => ReadonlySet<string>): Promise<number> {
    await this.#dropStaleIngests();
    const found = await Array.fromAsync(this.list());
    const kept = keep();
    const garbage = found.filter(({ digest }) => !kept.has(digest) && !this.#leases.holds(digest));
    await Promise.all(garbage.map(({ digest, size }) => this.delete(digest, size)));
    return garbage.reduce((sum, { size }) => sum + size, 0);
  }

  /** The layout's index.json (image-layout.md): what other OCI tools see of the store. */
  async writeIndex(manifests: readonly object[]): Promise<void> {
    const mediaType = 'application/vnd.oci.image.index.v1+json';
    await this.#replace('index.json', JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
  }

  /** Downloads that nobody has taken up again. */
  async #dropStaleIngests(): Promise<void> {
    const folder = join(this.root, 'ingest');
    for await (const { name } of await opendir(folder)) {
      const found = await stat(join(folder, name)).catch(() => undefined);
      if (found && Date.now() - found.mtimeMs > INGEST_LIFETIME_MS)
        await rm(join(folder, name), { force: true });
    }
  }

  async #replace(name: string, content: string): Promise<void> {
    const temporary = this.temporary();
    try {
      await writeFile(temporary, content, { mode: 0o600 });
      await rename(temporary, join(this.root, name));
    } catch (error) {
      await rm(temporary, { force: true });
      throw diskFull(error);
    }
  }
}

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield content;
}

function verify(arrived: Arrived, expected: { digest?: string; size?: number }): void {
  if (expected.size !== undefined && expected.size !== arrived.size) {
    throw invalid(
      `content ${expected.digest ?? arrived.digest} has the wrong size: expected ${expected.size} bytes, got ${arrived.size}`,
    );
  }
  if (expected.digest !== undefined && expected.digest !== arrived.digest) {
    throw invalid(`content verification failed: expected digest ${expected.digest}, got ${arrived.digest}`);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

const missing = (error: unknown, digest: string): unknown =>
  codeOf(error) === 'ENOENT' ? notFound(`content ${digest}: not found`, error) : error;
