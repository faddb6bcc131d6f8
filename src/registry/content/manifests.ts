import { writeFile } from 'node:fs/promises';
import { messageOf } from '#lib/errors';
import { algorithmOf, type Digest, digestOf } from '#oci/digest';
import {
  type Descriptor,
  type Index,
  isIndex,
  isIndexType,
  isManifestType,
  MAX_MANIFEST_BYTES,
  type Manifest,
  parseManifest,
} from '#oci/image';
import { Refusal } from '../errors.ts';
import type { Reference } from '../names.ts';
import type { ReferrerRecord } from './catalogue.ts';
import type { Core } from './core.ts';

export interface StoredManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  /** Bytes. */
  readonly size: number;
}

export interface PutManifest {
  readonly repository: string;
  readonly reference: Reference;
  /** What the client called it. */
  readonly mediaType: string | undefined;
  readonly content: Buffer;
  /** What it names need not be here: it comes when somebody wants it. */
  readonly partsElsewhere?: boolean;
}

export interface PutResult extends StoredManifest {
  readonly subject: Digest | undefined;
}

/** Manifests and indexes of repositories, by tag and digest. */
export class Manifests {
  readonly #core: Core;
  readonly #temporary: () => string;

  /** @param temporary a path for a file that is being written */
  constructor(core: Core, temporary: () => string) {
    this.#core = core;
    this.#temporary = temporary;
  }

  /** @throws MANIFEST_UNKNOWN */
  async resolve(repository: string, reference: Reference): Promise<StoredManifest> {
    const { catalogue } = this.#core;
    const digest = reference.digest ?? (await catalogue.tags.get(repository, reference.tag))?.digest;
    const record = digest && (await catalogue.manifests.get(repository, digest));
    if (!record) throw await this.#unknown(repository, reference);
    return { digest, mediaType: record.mediaType, size: record.size };
  }

  /** @throws MANIFEST_UNKNOWN */
  async read(digest: Digest): Promise<Buffer> {
    return this.#core.storage.read(digest, MAX_MANIFEST_BYTES);
  }

  /**
   * Stores a manifest whose parts are all here, then the tag.
   * @throws MANIFEST_INVALID, MANIFEST_BLOB_UNKNOWN, DIGEST_INVALID, DENIED when the quota is used up
   */
  async put({ repository, reference, mediaType, content, partsElsewhere }: PutManifest): Promise<PutResult> {
    const { catalogue, inUse, locks, quotas, storage } = this.#core;
    const digest = digestOf(content, reference.digest ? algorithmOf(reference.digest) : 'sha256');
    if (reference.digest && reference.digest !== digest)
      throw new Refusal('DIGEST_INVALID', `the manifest's digest is ${digest}`, { detail: reference });
    const manifest = parse(content, mediaType);
    const parts = partsOf(manifest);
    // Before they are looked for: from here on the collection leaves them.
    await inUse.use(digest, ...parts.map((part) => part.digest));
    using _ = await locks.acquire(repository);
    if (!partsElsewhere) await this.#checkParts(repository, manifest, parts);
    quotas.take(repository, digest, content.length);
    const before = await catalogue.manifests.get(repository, digest);
    try {
      if ((await storage.size(digest)) !== content.length) {
        const temporary = this.#temporary();
        await writeFile(temporary, content, { mode: 0o600 });
        await storage.adopt(temporary, { digest, size: content.length });
      }
      if (!(await catalogue.repositories.get(repository)))
        await catalogue.repositories.put({ created: Date.now() }, repository);
      const subject = manifest.subject?.digest;
      // First: a referrer without a manifest does not count, a manifest that is not listed would be a lie.
      if (subject)
        await catalogue.referrers.put(
          referrerOf(manifest, digest, content.length),
          repository,
          subject,
          digest,
        );
      if (!before || before.mediaType !== manifest.mediaType)
        await catalogue.manifests.put(
          {
            mediaType: manifest.mediaType,
            size: content.length,
            created: Date.now(),
            ...(subject && { subject }),
          },
          repository,
          digest,
        );
    } catch (error) {
      if (!before) quotas.release(repository, digest);
      throw error;
    }
    const stored = { digest, mediaType: manifest.mediaType, size: content.length };
    if (reference.tag)
      await catalogue.tags.put({ ...stored, updated: Date.now() }, repository, reference.tag);
    this.#core.changed();
    return { ...stored, subject: manifest.subject?.digest };
  }

  /** A tag alone, or a manifest with all its tags. @throws MANIFEST_UNKNOWN */
  async delete(repository: string, reference: Reference): Promise<StoredManifest> {
    const { catalogue, locks, quotas } = this.#core;
    using _ = await locks.acquire(repository);
    const found = await this.resolve(repository, reference);
    if (reference.tag) await catalogue.tags.delete(repository, reference.tag);
    else {
      for (const tag of await catalogue.tags.list([repository])) {
        if ((await catalogue.tags.get(repository, tag))?.digest === found.digest)
          await catalogue.tags.delete(repository, tag);
      }
      const record = await catalogue.manifests.get(repository, found.digest);
      await catalogue.manifests.delete(repository, found.digest);
      if (record?.subject) await catalogue.referrers.delete(repository, record.subject, found.digest);
      quotas.release(repository, found.digest);
    }
    this.#core.changed();
    return found;
  }

  /** Manifests that say they belong to `subject`. */
  async referrers(
    repository: string,
    subject: Digest,
    { after, limit }: { readonly after?: string; readonly limit: number },
  ): Promise<ReferrerRecord[]> {
    const { catalogue } = this.#core;
    const found: ReferrerRecord[] = [];
    const options = { limit, ...(after !== undefined && { after }) };
    for (const digest of await catalogue.referrers.list([repository, subject], options)) {
      if (!(await catalogue.manifests.get(repository, digest))) continue;
      const record = await catalogue.referrers.get(repository, subject, digest);
      if (record) found.push(record);
    }
    return found;
  }

  /** Everything that a manifest names is in its repository, but for what is to be had elsewhere. */
  async #checkParts(
    repository: string,
    manifest: Manifest | Index,
    parts: readonly Descriptor[],
  ): Promise<void> {
    const { catalogue, storage } = this.#core;
    const index = isIndex(manifest);
    for (const { digest, size } of new Map(parts.map((part) => [part.digest, part])).values()) {
      const record = await (index ? catalogue.manifests : catalogue.links).get(repository, digest);
      const there = record && (await storage.size(digest));
      if (there === undefined)
        throw new Refusal(
          'MANIFEST_BLOB_UNKNOWN',
          `manifest references a ${index ? 'manifest' : 'blob'} unknown to registry`,
          {
            detail: { digest },
          },
        );
      if (there !== size)
        throw new Refusal(
          'MANIFEST_INVALID',
          `the manifest says that ${digest} has ${size} bytes, it has ${there}`,
          {
            detail: { digest },
          },
        );
    }
  }

  async #unknown(repository: string, reference: Reference): Promise<Refusal> {
    if (!(await this.#core.catalogue.repositories.get(repository))) return unknownRepository(repository);
    return new Refusal('MANIFEST_UNKNOWN', 'manifest unknown', {
      detail: { name: repository, ...reference },
    });
  }
}

export const unknownRepository = (name: string): Refusal =>
  new Refusal('NAME_UNKNOWN', 'repository name not known to registry', { detail: { name } });

/** @throws MANIFEST_INVALID */
function parse(content: Buffer, mediaType: string | undefined): Manifest | Index {
  if (mediaType !== undefined && !isIndexType(mediaType) && !isManifestType(mediaType)) {
    const schema1 = /\.manifest\.v1\+/.test(mediaType) && mediaType.includes('docker.distribution');
    throw new Refusal(
      'MANIFEST_INVALID',
      schema1
        ? 'Docker image manifest version 2, schema 1 is not supported: push the image with a current tool'
        : `media type ${mediaType.slice(0, 140)} is no manifest's`,
    );
  }
  try {
    return parseManifest(content, mediaType);
  } catch (error) {
    throw new Refusal('MANIFEST_INVALID', messageOf(error), { cause: error });
  }
}

/** What has to be here before it: not what is to be fetched from elsewhere (non-distributable layers). */
export function partsOf(manifest: Manifest | Index): Descriptor[] {
  if (isIndex(manifest)) return [...manifest.manifests];
  return [manifest.config, ...manifest.layers].filter(
    ({ mediaType, urls = [] }) => urls.length === 0 && !/foreign|nondistributable/.test(mediaType),
  );
}

function referrerOf(manifest: Manifest | Index, digest: Digest, size: number): ReferrerRecord {
  // "If artifactType is empty or missing in an image manifest, the value ... MUST be set to the config descriptor's mediaType."
  const artifactType = manifest.artifactType || (isIndex(manifest) ? undefined : manifest.config.mediaType);
  const { mediaType, annotations } = manifest;
  return {
    mediaType,
    digest,
    size,
    ...(artifactType && { artifactType }),
    ...(annotations && { annotations }),
  };
}
