import { cancelled, invalid, isKind, notFound } from '#lib/errors';
import { shortId } from '#lib/ids';
import { type Descriptor, isIndex, MAX_MANIFEST_BYTES, parseManifest } from '#oci/image';
import {
  canonicalName,
  familiarName,
  familiarRepository,
  parseReference,
  type Reference,
  repositoryName,
  withDefaultTag,
} from '#oci/reference';
import type { Repository } from '#oci/remote';
import type { ImagesContext } from './context.ts';
import type { OnProgress } from './image.ts';
import { storedName } from './lookup.ts';
import type { NameRecord } from './record.ts';
import { asked, connect, type RegistryAuth } from './registry.ts';
import { digestName } from './tag.ts';

export interface PushOptions {
  readonly auth?: RegistryAuth;
  /** Only the image for this one: `os/architecture[/variant]`. */
  readonly platform?: string;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}
export interface Pushed {
  readonly tag: string;
  readonly digest: string;
  /** Bytes of the manifest. */
  readonly size: number;
}

interface Pushing extends ImagesContext {
  readonly reference: Reference;
  readonly repository: Repository;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal | undefined;
}

/** Pushes a tag: what it stands for, whole, as far as it is here. @throws notFound, unauthorized, cancelled */
export async function push(context: ImagesContext, text: string, options: PushOptions): Promise<Pushed> {
  const reference = withDefaultTag(parseReference(text));
  const record = context.catalog.names.get(storedName(reference));
  if (!record)
    throw notFound(`An image does not exist locally with the tag: ${familiarRepository(reference)}`);
  await using work = context.content.begin();
  for (const digest of record.content) work.hold(digest);
  const root = options.platform
    ? context.catalog.find(text, options.platform).image.manifest
    : await rootToPush(context, record);
  const pushed = await pushContent(context, reference, root, options);
  note(context, reference, record, root);
  return pushed;
}

/** Pushes every tag of a repository, one after the other. @throws as push; invalid when it names one */
export async function pushAllTags(
  context: ImagesContext,
  text: string,
  options: PushOptions,
): Promise<Pushed[]> {
  const repository = parseReference(text);
  if (repository.tag || repository.digest) throw invalid("tag can't be used with --all-tags/-a");
  const own = repositoryName(repository);
  const tagged = [...context.catalog.names.keys()].map(parseReference).filter((name) => name.tag);
  const wanted = tagged.filter((name) => repositoryName(name) === own).map(canonicalName);
  if (wanted.length === 0)
    throw notFound(`An image does not exist locally with the tag: ${familiarRepository(repository)}`);
  const pushed: Pushed[] = [];
  for (const name of wanted.toSorted()) pushed.push(await push(context, name, options));
  return pushed;
}

/** A manifest or an index, with all that it refers to, which somebody holds. @throws unauthorized, cancelled */
export async function pushContent(
  context: ImagesContext,
  reference: Reference,
  root: Descriptor,
  { auth, signal, onProgress = () => {} }: Omit<PushOptions, 'platform'>,
): Promise<Pushed> {
  await using repository = await connect(context, reference, auth, 'push');
  onProgress({ status: `The push refers to repository [${repositoryName(reference)}]` });
  const pushing = { ...context, reference, repository, onProgress, signal };
  try {
    const name = reference.digest ?? reference.tag ?? root.digest;
    await asked(reference, 'push', () => pushDocument(pushing, root, name));
    const tag = reference.tag ?? '';
    onProgress({ status: `${tag || root.digest}: digest: ${root.digest} size: ${root.size}` });
    return { tag, digest: root.digest, size: root.size };
  } catch (error) {
    if (signal?.aborted) throw cancelled();
    throw error;
  }
}

/** An index of which not all is here cannot be pushed: then it is the image alone. */
async function rootToPush({ content, catalog }: ImagesContext, record: NameRecord): Promise<Descriptor> {
  const { target } = record;
  const document = parseManifest(
    await content.blobs.read(target.digest, MAX_MANIFEST_BYTES),
    target.mediaType,
  );
  if (!isIndex(document)) return target;
  const here = await Promise.all(document.manifests.map(({ digest }) => content.blobs.has(digest)));
  const manifest = catalog.images.get(record.image)?.manifest;
  return here.every(Boolean) || !manifest ? target : manifest;
}

/** A manifest or an index with all that it refers to; these come first. */
async function pushDocument(pushing: Pushing, descriptor: Descriptor, name: string): Promise<void> {
  const { content, repository, signal } = pushing;
  const bytes = await content.blobs.read(descriptor.digest, MAX_MANIFEST_BYTES);
  const document = parseManifest(bytes, descriptor.mediaType);
  if (isIndex(document)) {
    for (const child of document.manifests) await pushDocument(pushing, child, child.digest);
  } else {
    for (const { digest } of document.layers)
      pushing.onProgress({ id: shortId(digest), status: 'Preparing' });
    await Promise.all(document.layers.map((layer) => pushLayer(pushing, layer)));
    await pushBlob(pushing, document.config, () => {});
  }
  await repository.pushManifest(name, document.mediaType, bytes, signal);
}

async function pushLayer(pushing: Pushing, layer: Descriptor): Promise<void> {
  const id = shortId(layer.digest);
  const tell = (status: string, current?: number) =>
    pushing.onProgress({ id, status, ...(current !== undefined && { current, total: layer.size }) });
  tell('Waiting');
  using _slot = await pushing.registries.uploads.acquire();
  if (pushing.signal?.aborted) throw cancelled();
  await pushBlob(pushing, layer, tell);
}

async function pushBlob(
  { content, catalog, repository, reference, signal }: Pushing,
  blob: Descriptor,
  tell: (status: string, current?: number) => void,
): Promise<void> {
  if (await repository.hasBlob(blob.digest, signal)) {
    tell('Layer already exists');
    return;
  }
  for (const source of otherRepositories(catalog.names, reference, blob)) {
    if (await mounted(repository, blob, source, signal)) {
      tell(`Mounted from ${source}`);
      return;
    }
  }
  const open = ({ start, end }: { start: number; end: number }) =>
    counted(content.blobs.open(blob.digest, { start, end: end - 1 }), start, tell);
  await repository.pushBlob(blob, open, signal);
  tell('Pushed');
}

/** Repositories of the same registry that are known to have the blob: they can hand it over without an upload. */
function otherRepositories(
  names: ReadonlyMap<string, NameRecord>,
  { domain, path }: Reference,
  { digest }: Descriptor,
): Set<string> {
  const found = new Set<string>();
  for (const [name, { content }] of names) {
    const other = parseReference(name);
    // Only a digest reference says that the registry has it: a tag may never have been pushed.
    if (other.digest && other.domain === domain && other.path !== path && content.includes(digest))
      found.add(other.path);
  }
  return found;
}

/** Registries refuse for many reasons, none of which matters: the blob is uploaded then. */
async function mounted(
  repository: Repository,
  { digest }: Descriptor,
  source: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    return await repository.mountBlob(digest, source, signal);
  } catch (error) {
    if (isKind(error, 'cancelled')) throw error;
    return false;
  }
}

async function* counted(
  content: AsyncIterable<Uint8Array>,
  start: number,
  tell: (status: string, current: number) => void,
): AsyncGenerator<Uint8Array, void> {
  let current = start;
  for await (const chunk of content) {
    yield chunk;
    current += chunk.length;
    tell('Pushing', current);
  }
}

/** The registry has it now: the image gets its digest reference. */
function note({ catalog }: ImagesContext, reference: Reference, record: NameRecord, root: Descriptor): void {
  const image = catalog.images.get(record.image);
  catalog.change(() => {
    if (image && root.digest === record.target.digest) {
      catalog.putName(digestName(reference, root.digest), record);
    }
    catalog.publish('push', familiarName(reference), familiarRepository(reference), image);
  });
}
