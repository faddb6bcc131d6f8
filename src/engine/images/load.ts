import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { cancelled, invalid } from '#lib/errors';
import { shortId } from '#lib/ids';
import { type Archive, readArchive, type Spool } from '#oci/archive';
import type { Digest } from '#oci/digest';
import { hostPlatform, matchesPlatform, type Platform, parsePlatform } from '#oci/image';
import { canonicalName, familiarName, type Reference, withDefaultTag } from '#oci/reference';
import type { BlobStore } from '#store';
import type { Content, Work } from './content.ts';
import type { ImagesContext } from './context.ts';
import type { OnProgress } from './image.ts';
import { type Installed, readTarget, requirePlatform, unpackImage } from './install.ts';
import { contentWithout } from './remove-platforms.ts';

export interface LoadOptions {
  /** `os/architecture[/variant]`: only these, and all of them must be in the archive. */
  readonly platforms?: readonly string[];
  /** No progress but what was loaded. */
  readonly quiet?: boolean;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/**
 * Loads a docker archive or OCI layout (plain, gzip, zstd). Rolls back what a broken archive began.
 * Returns what was loaded: familiar names, ids of images without one.
 */
export async function load(
  context: ImagesContext,
  source: Readable,
  options: LoadOptions,
): Promise<{ loaded: string[] }> {
  const { content, catalog } = context;
  const { signal, onProgress } = options;
  await using work = content.begin();
  const received = await receiveArchive(content, work, source, options);
  if (signal?.aborted) throw cancelled();
  catalog.change(() => {
    for (const { found, references } of received) {
      const names = references.map((reference) => canonicalName(withDefaultTag(reference)));
      catalog.install(found, names);
      catalog.publish('load', found.chosen.id, found.chosen.id, found.chosen);
    }
  });
  const loaded = received.flatMap(({ references, found }) =>
    references.length > 0
      ? references.map((reference) => familiarName(withDefaultTag(reference)))
      : [found.chosen.id],
  );
  for (const name of loaded) {
    onProgress?.({
      status: name.startsWith('sha256:') ? `Loaded image ID: ${name}` : `Loaded image: ${name}`,
    });
  }
  return { loaded };
}

/** An image of an archive, stored and unpacked. */
export interface ReceivedImage {
  readonly found: Installed;
  /** Its names in the archive. */
  readonly references: readonly Reference[];
}

/** Takes in an archive's images: work alone holds them. @throws invalid */
export async function receiveArchive(
  content: Content,
  work: Work,
  source: Readable,
  { platforms = [], quiet, onProgress, signal }: LoadOptions,
): Promise<ReceivedImage[]> {
  await using spooled = new SpooledMembers(content.blobs, signal);
  const archive = await readArchive(source, spooled.spool, signal);
  if (archive.images.length === 0) throw invalid('the archive holds no image');
  await storeBlobs(archive, spooled, content.blobs, work.hold, signal);
  const asked = platforms.map(parsePlatform);
  const wanted = asked[0] ?? hostPlatform();
  const received: ReceivedImage[] = [];
  for (const { root, references } of archive.images) {
    const found = onlyPlatforms(await readTarget(content, work, root, wanted), asked, root.digest);
    const chosen = await unpackImage(content, found.chosen, {
      signal,
      onProgress: ({ diffId, blob }, current) => {
        if (!quiet) onProgress?.({ id: shortId(diffId), status: 'Loading layer', current, total: blob.size });
      },
    });
    received.push({ found: { ...found, chosen }, references });
  }
  return received;
}

/** Without what was not asked for. @throws notFound when one that was is not there */
function onlyPlatforms(found: Installed, asked: readonly Platform[], reference: string): Installed {
  if (asked.length === 0) return found;
  const kept = asked.map((wanted) => {
    const image = found.images.find(({ config }) => matchesPlatform(wanted, config));
    if (!image) requirePlatform(found.chosen, wanted, reference);
    return image ?? found.chosen;
  });
  const dropped = found.images.filter((image) => !kept.includes(image));
  return { ...found, images: kept, content: contentWithout(found.content, kept, dropped) };
}

/** Members of the archive on disk, by their digest: most of them become blobs without being written again. */
class SpooledMembers implements AsyncDisposable {
  readonly #blobs: BlobStore;
  readonly #signal: AbortSignal | undefined;
  readonly #paths = new Set<string>();
  readonly #byDigest = new Map<string, { path: string; size: number }>();

  constructor(blobs: BlobStore, signal: AbortSignal | undefined) {
    this.#blobs = blobs;
    this.#signal = signal;
  }

  readonly spool: Spool = async (_name, content) => {
    const path = this.#blobs.temporary();
    this.#paths.add(path);
    const { digest, size } = await this.#blobs.spool(path, content, this.#signal);
    this.#byDigest.set(digest, { path, size });
    return { open: () => createReadStream(path, { highWaterMark: 1 << 18 }) };
  };

  holds(digest: Digest): boolean {
    return this.#byDigest.has(digest);
  }

  /** Moves the member of that digest into the store. */
  async adopt(digest: Digest): Promise<void> {
    const member = this.#byDigest.get(digest);
    if (!member) return;
    await this.#blobs.adopt(member.path, { digest, size: member.size });
    this.#paths.delete(member.path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#paths].map((path) => rm(path, { force: true })));
  }
}

async function storeBlobs(
  archive: Archive,
  spooled: SpooledMembers,
  blobs: BlobStore,
  hold: (digest: string) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const digest of archive.blobs.keys()) hold(digest);
  // What has to be made from members first: adopting a member takes it out of the archive's reach.
  const made: Digest[] = [];
  const members: Digest[] = [];
  for (const digest of archive.blobs.keys()) {
    if (await blobs.has(digest)) continue;
    (spooled.holds(digest) ? members : made).push(digest);
  }
  for (const digest of made) await blobs.write(archive.open(digest), { digest }, signal);
  for (const digest of members) await spooled.adopt(digest);
}
