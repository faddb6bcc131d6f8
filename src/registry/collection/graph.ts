import type { Digest } from '#oci/digest';
import { isIndex, MAX_MANIFEST_BYTES, parseManifest } from '#oci/image';
import type { Core } from '../content/core.ts';
import { partsOf } from '../content/manifests.ts';

interface Node {
  readonly digest: Digest;
  readonly created: number;
  readonly subject: Digest | undefined;
  readonly index: boolean;
  readonly parts: readonly Digest[];
}

/** Which manifest of a repository needs what. */
export class ManifestGraph {
  readonly repository: string;
  readonly #core: Core;
  readonly #nodes = new Map<Digest, Node>();
  /** Why one could not be read: nobody knows what it needs. */
  broken: unknown;

  constructor(core: Core, repository: string) {
    this.#core = core;
    this.repository = repository;
  }

  get manifests(): Node[] {
    return [...this.#nodes.values()];
  }

  /** What is new since it was called last, and what has gone. */
  async load(): Promise<void> {
    const { catalogue, storage } = this.#core;
    this.broken = undefined;
    const listed = (await catalogue.manifests.list([this.repository])) as Digest[];
    const present = new Set(listed);
    for (const digest of this.#nodes.keys()) if (!present.has(digest)) this.#nodes.delete(digest);
    for (const digest of listed) {
      if (this.#nodes.has(digest)) continue;
      const record = await catalogue.manifests.get(this.repository, digest);
      if (!record) continue;
      const node = { digest, created: record.created, subject: record.subject };
      try {
        const content = await storage.read(digest, MAX_MANIFEST_BYTES);
        const manifest = parseManifest(content, record.mediaType);
        const parts = partsOf(manifest).map((part) => part.digest);
        this.#nodes.set(digest, { ...node, index: isIndex(manifest), parts });
      } catch (error) {
        this.broken = error;
      }
    }
  }

  forget(digest: Digest): void {
    this.#nodes.delete(digest);
  }

  /** Blobs and manifests that manifests name. */
  parts(): ReadonlySet<Digest> {
    return new Set(this.manifests.flatMap(({ parts }) => parts));
  }

  /** Tagged manifests, what they consist of, and what belongs to one of these, in any number of steps. */
  async living(): Promise<ReadonlySet<Digest>> {
    const { catalogue } = this.#core;
    const waiting: Digest[] = [];
    for (const tag of await catalogue.tags.list([this.repository])) {
      const digest = (await catalogue.tags.get(this.repository, tag))?.digest;
      if (digest) waiting.push(digest);
    }
    const referrers = Map.groupBy(this.manifests, ({ subject }) => subject);
    const living = new Set<Digest>();
    for (let digest = waiting.pop(); digest !== undefined; digest = waiting.pop()) {
      if (living.has(digest)) continue;
      living.add(digest);
      const node = this.#nodes.get(digest);
      if (node?.index) waiting.push(...node.parts);
      waiting.push(...(referrers.get(digest) ?? []).map((referrer) => referrer.digest));
    }
    return living;
  }
}
