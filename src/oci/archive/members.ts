import { BerthError, invalid, systemError } from '#lib/errors';
import { type Digest, DigestMismatchError, Hasher, parseDigest } from '#oci/digest';
import { type Compression, cleanPath, decompress, detectCompression, MAGIC_BYTES, peek } from '#oci/layer';
import { INDEX_FILE, LAYOUT_FILE } from '#oci/layout';
import { readMembers, type TarMember } from '#oci/tar';

/** A stored member of an archive. */
export interface Spooled {
  open(): AsyncIterable<Uint8Array>;
}

/**
 * Stores one member while it arrives (a tar is read once, in order) and hands back how to read it again.
 * Must read `content` to its end.
 */
export type Spool = (name: string, content: AsyncIterable<Uint8Array>) => Promise<Spooled>;

export interface Member {
  readonly digest: Digest;
  readonly size: number;
  readonly compression: Compression;
  readonly content: Spooled;
}

export const MANIFEST_FILE = 'manifest.json';
export const REPOSITORIES_FILE = 'repositories';

/** Files that say what the others are: kept in memory. */
const TABLES: ReadonlySet<string> = new Set([MANIFEST_FILE, REPOSITORIES_FILE, INDEX_FILE, LAYOUT_FILE]);
const MAX_TABLE_BYTES = 16 * 1024 * 1024;
/** Layers, configs and manifests of a thousand images. */
const MAX_MEMBERS = 200_000;
const MAX_LINKS = 8;

/** Everything that an archive holds, by name. */
export class Members {
  readonly #spool: Spool;
  readonly #files = new Map<string, Member>();
  readonly #tables = new Map<string, Buffer>();
  /** Symlinks and hard links, which old versions of `docker save` use for layers that images share. */
  readonly #links = new Map<string, string>();

  private constructor(spool: Spool) {
    this.#spool = spool;
  }

  /** Reads the whole stream. @throws invalid */
  static async read(source: AsyncIterable<Uint8Array>, spool: Spool, signal?: AbortSignal): Promise<Members> {
    const members = new Members(spool);
    let count = 0;
    for await (const member of readMembers(decompress(source, signal))) {
      if (++count > MAX_MEMBERS) throw invalid(`the archive has more than ${MAX_MEMBERS} members`);
      await members.#add(member);
    }
    return members;
  }

  table(name: string): Buffer | undefined {
    return this.#tables.get(name);
  }

  /** A file by its name in the archive, links followed. @throws invalid for names that lead outside */
  find(name: string): Member | undefined {
    let path = cleanPath(name, 'archive member');
    for (let hops = 0; hops <= MAX_LINKS; hops++) {
      const target = this.#links.get(path);
      if (target === undefined) return this.#files.get(path);
      path = target;
    }
    throw invalid(`the archive has a loop of links at "${name}"`);
  }

  async #add({ entry, body }: TarMember): Promise<void> {
    const name = cleanPath(entry.path, 'archive member');
    if (entry.type === 'symlink') this.#links.set(name, resolveLink(name, entry.link));
    else if (entry.type === 'link') this.#links.set(name, cleanPath(entry.link, 'archive member'));
    else if (entry.type === 'file' && entry.segments)
      throw invalid(`the archive has a sparse member: "${name}"`);
    else if (entry.type === 'file' && TABLES.has(name)) this.#tables.set(name, await readTable(name, body));
    else if (entry.type === 'file' && !isLegacyDetail(name))
      this.#files.set(name, await this.#store(name, body));
  }

  async #store(name: string, body: AsyncIterable<Buffer>): Promise<Member> {
    const expected = promisedDigest(name);
    const hasher = new Hasher(expected?.startsWith('sha512:') ? 'sha512' : 'sha256');
    const { head, whole } = await peek(body, MAGIC_BYTES);
    let ended = false;
    async function* content() {
      for await (const chunk of whole) {
        hasher.update(chunk);
        yield chunk;
      }
      ended = true;
    }
    const stored = await this.#spool(name, content());
    if (!ended) throw systemError(`archive member "${name}" was not stored to its end`);
    const digest = hasher.digest();
    if (expected !== undefined && expected !== digest)
      throw new DigestMismatchError(expected, digest, `archive member "${name}"`);
    return { digest, size: hasher.bytes, compression: compressionOf(head), content: stored };
  }
}

/** Members in the manner of an OCI layout are named after their content. */
function promisedDigest(name: string): Digest | undefined {
  const [, algorithm, hex] = /^blobs\/(sha\d+)\/([^/]+)$/.exec(name) ?? [];
  return algorithm === undefined ? undefined : parseDigest(`${algorithm}:${hex}`);
}

/** What images were before they had a config: nobody needs it any more. */
const isLegacyDetail = (name: string): boolean => /^[0-9a-f]{64}\/(json|VERSION)$/.test(name);

function compressionOf(head: Uint8Array): Compression {
  try {
    return detectCompression(head);
  } catch (error) {
    // An unsupported compression matters only if the member is used as a layer, and is found out then.
    if (error instanceof BerthError) return 'none';
    throw error;
  }
}

function resolveLink(name: string, target: string): string {
  const parts = target.startsWith('/') ? [] : name.split('/').slice(0, -1);
  for (const part of target.split('/')) {
    if (part === '..' && parts.pop() === undefined)
      throw invalid(`the archive's link "${name}" leads outside of it`);
    if (part !== '..' && part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
}

async function readTable(name: string, body: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > MAX_TABLE_BYTES)
      throw invalid(`the archive's ${name} is larger than ${MAX_TABLE_BYTES} bytes`);
    parts.push(Buffer.from(chunk));
  }
  return Buffer.concat(parts);
}
