import { cancelled, invalid, notFound } from '#lib/errors';
import { SizeMismatchError } from '#oci/digest';
import {
  choosePlatform,
  type Descriptor,
  formatPlatform,
  hostPlatform,
  type Index,
  isIndex,
  MAX_CONFIG_BYTES,
  type Manifest,
  type Platform,
  parseManifest,
  parsePlatform,
} from '#oci/image';
import {
  familiarName,
  familiarRepository,
  parseReference,
  type Reference,
  withDefaultTag,
  withTag,
} from '#oci/reference';
import type { FetchedManifest, Repository } from '#oci/remote';
import type { Work } from './content.ts';
import type { ImagesContext } from './context.ts';
import type { OnProgress } from './image.ts';
import { imageOf, MAX_DEPTH, plain, readTarget, requirePlatform } from './install.ts';
import { storedName } from './lookup.ts';
import { pullAttestations } from './pull-attestations.ts';
import { pullLayers } from './pull-layers.ts';
import type { ImageRecord } from './record.ts';
import { asked, connect, type RegistryAuth } from './registry.ts';
import { digestName } from './tag.ts';

export interface PullOptions {
  readonly platform?: string;
  readonly auth?: RegistryAuth;
  readonly allTags?: boolean;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/** What one pull works with. */
interface Pulling extends ImagesContext {
  readonly repository: Repository;
  readonly wanted: Platform;
  /** Somebody asked for the platform: another one will not do. */
  readonly insisted: boolean;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal | undefined;
}

/**
 * Pulls by tag or digest, or all tags of a repository; the image (of the last tag).
 * @throws notFound (also when the registry lets nobody in), invalid, unavailable, cancelled
 */
export async function pull(context: ImagesContext, text: string, options: PullOptions): Promise<ImageRecord> {
  const reference = parseReference(text);
  await using repository = await connect(context, reference, options.auth, 'pull');
  const pulling: Pulling = {
    ...context,
    repository,
    wanted: options.platform ? parsePlatform(options.platform) : hostPlatform(),
    insisted: Boolean(options.platform),
    onProgress: options.onProgress ?? (() => {}),
    signal: options.signal,
  };
  try {
    if (options.allTags) return await pullAllTags(pulling, reference);
    return await pullOne(pulling, withDefaultTag(reference));
  } catch (error) {
    if (options.signal?.aborted) throw cancelled();
    throw error;
  }
}

async function pullAllTags(pulling: Pulling, reference: Reference): Promise<ImageRecord> {
  if (reference.tag || reference.digest) throw invalid("tag can't be used with --all-tags/-a");
  const tags = await asked(reference, 'pull', () => pulling.repository.tags(pulling.signal));
  let last: ImageRecord | undefined;
  for (const tag of tags) last = await pullOne(pulling, withTag(reference, tag));
  if (!last) throw notFound(`repository ${familiarRepository(reference)} has no tags`);
  return last;
}

async function pullOne(pulling: Pulling, reference: Reference): Promise<ImageRecord> {
  const { content, catalog, repository, signal, onProgress, wanted } = pulling;
  const name = reference.digest ?? reference.tag ?? '';
  const root = await asked(reference, 'pull', () => repository.manifest(name, signal));
  onProgress({ id: name, status: `Pulling from ${reference.path}` });
  const before = catalog.names.get(storedName(reference));
  await using work = content.begin();
  await storeManifest(pulling, work, root);
  const { descriptor, manifest, index } = await manifestFor(pulling, work, root);
  const image = await fetchImage(pulling, work, descriptor, manifest);
  if (pulling.insisted) requirePlatform(image, wanted, familiarName(reference));
  const unpacked = await pullLayers(pulling, image);
  if (index) await pullAttestations(pulling, work, index, descriptor);
  const whole = await readTarget(content, work, plain(root.descriptor), wanted);
  const installed = { ...whole, chosen: unpacked };
  const known = digestName(reference, root.descriptor.digest);
  const names = reference.digest ? [known] : [storedName(reference), known];
  catalog.change(() => {
    catalog.install(installed, names);
    catalog.publish('pull', familiarName(reference), familiarRepository(reference), unpacked);
  });
  for (const { blob } of image.layers) await content.blobs.forget(blob.digest);
  onProgress({ status: `Digest: ${root.descriptor.digest}` });
  const current = before?.target.digest === root.descriptor.digest && before.images.includes(image.id);
  onProgress({
    status: `Status: ${current ? 'Image is up to date' : 'Downloaded newer image'} for ${familiarName(reference)}`,
  });
  return unpacked;
}

async function storeManifest({ content }: Pulling, work: Work, fetched: FetchedManifest): Promise<void> {
  work.hold(fetched.descriptor.digest);
  await content.blobs.write(fetched.content, { digest: fetched.descriptor.digest });
}

/** The manifest of the wanted platform. @throws notFound */
async function manifestFor(
  pulling: Pulling,
  work: Work,
  fetched: FetchedManifest,
  depth = 0,
): Promise<{ descriptor: Descriptor; manifest: Manifest; index?: Index }> {
  if (depth > MAX_DEPTH) throw invalid(`index ${fetched.descriptor.digest} is nested too deeply`);
  const document = parseManifest(fetched.content, fetched.descriptor.mediaType);
  if (!isIndex(document)) return { descriptor: plain(fetched.descriptor), manifest: document };
  const offered = document.manifests.filter(({ platform }) => platform?.os !== 'unknown');
  const child = choosePlatform(offered, pulling.wanted);
  if (!child) {
    throw notFound(`no matching manifest for ${formatPlatform(pulling.wanted)} in the manifest list entries`);
  }
  const next = await pulling.repository.manifest(child.digest, pulling.signal);
  const { mediaType, size } = next.descriptor;
  if (size !== child.size) throw new SizeMismatchError(child.digest, child.size, size);
  if (mediaType !== child.mediaType)
    throw invalid(`manifest ${child.digest} is ${mediaType}, but its index says ${child.mediaType}`);
  await storeManifest(pulling, work, next);
  return { index: document, ...(await manifestFor(pulling, work, next, depth + 1)) };
}

/** The image's record; its layers are not here yet. */
async function fetchImage(
  { content, repository, signal }: Pulling,
  work: Work,
  descriptor: Descriptor,
  manifest: Manifest,
): Promise<ImageRecord> {
  const { config } = manifest;
  if (config.size > MAX_CONFIG_BYTES)
    throw invalid(`image config ${config.digest} is too large: ${config.size} bytes`);
  work.hold(config.digest);
  if (!(await content.blobs.has(config.digest))) {
    await content.blobs.write(repository.blob(config, {}, signal), config, signal);
  }
  const image = imageOf(descriptor, manifest, await content.blobs.read(config.digest, MAX_CONFIG_BYTES));
  for (const { chainId, blob } of image.layers) {
    work.hold(chainId);
    work.hold(blob.digest);
  }
  return image;
}
