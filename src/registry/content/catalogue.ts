import type { Digest } from '#oci/digest';
import type { ListOptions, Records } from '../storage/index.ts';

/** That a repository exists: it does from its first push on, until the collection finds it empty. */
export interface RepositoryRecord {
  /** Milliseconds since 1970, as all times here. */
  readonly created: number;
}

export interface TagRecord {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
  readonly updated: number;
}

export interface ManifestRecord {
  readonly mediaType: string;
  readonly size: number;
  readonly created: number;
  readonly subject?: Digest | undefined;
}

/** That a repository has a blob. */
export interface LinkRecord {
  readonly size: number;
  /** When somebody last asked whether it is here, roughly: it may be about to be named by a manifest. */
  readonly used: number;
}

/** What a list of referrers tells of one (distribution spec, "Listing Referrers"). */
export interface ReferrerRecord {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly artifactType?: string | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** Documents of one kind, each under a few words. */
class Shelf<T extends object> {
  readonly #records: Records;
  readonly #kind: string;

  constructor(records: Records, kind: string) {
    this.#records = records;
    this.#kind = kind;
  }

  async get(...words: string[]): Promise<T | undefined> {
    const content = await this.#records.get([this.#kind, ...words]);
    // Ours: nobody else writes there.
    return content && (JSON.parse(content.toString()) as T);
  }

  put(record: T, ...words: string[]): Promise<void> {
    return this.#records.put([this.#kind, ...words], Buffer.from(JSON.stringify(record)));
  }

  delete(...words: string[]): Promise<void> {
    return this.#records.delete([this.#kind, ...words]);
  }

  list(words: readonly string[], options?: ListOptions): Promise<string[]> {
    return this.#records.list([this.#kind, ...words], options);
  }

  groups(...words: string[]): Promise<string[]> {
    return this.#records.groups([this.#kind, ...words]);
  }
}

/** What the registry knows of its repositories. */
export class Catalogue {
  /** By name. */
  readonly repositories: Shelf<RepositoryRecord>;
  /** By repository and tag. */
  readonly tags: Shelf<TagRecord>;
  /** By repository and digest. */
  readonly manifests: Shelf<ManifestRecord>;
  /** By repository and digest. */
  readonly links: Shelf<LinkRecord>;
  /** By repository, subject and digest. One whose manifest has no record does not count. */
  readonly referrers: Shelf<ReferrerRecord>;

  constructor(records: Records) {
    this.repositories = new Shelf(records, 'repositories');
    this.tags = new Shelf(records, 'tags');
    this.manifests = new Shelf(records, 'manifests');
    this.links = new Shelf(records, 'links');
    this.referrers = new Shelf(records, 'referrers');
  }
}
