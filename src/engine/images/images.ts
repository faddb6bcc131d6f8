import type { Readable } from 'node:stream';
import type { Events } from '#engine/events';
import type { Snapshots } from '#engine/snapshots';
import { KeyedLock } from '#lib/lock';
import type { Logger } from '#lib/log';
import type { Timer } from '#lib/metrics';
import type { Descriptor, StringMap } from '#oci/image';
import { decompress } from '#oci/layer';
import type { LayoutFiles } from '#oci/layout';
import type { FoundRepository } from '#oci/remote';
import type { BlobStore, Database } from '#store';
import { storeArchive, storeDocument } from './assemble.ts';
import { assembleIndex, type IndexMember } from './assemble-index.ts';
import { type Attestation, type AttestationsOptions, attestations } from './attestations.ts';
import {
  addLayer,
  addSnapshot,
  type BuiltLayer,
  hasLayer,
  holdLayer,
  layersOfImage,
} from './build-content.ts';
import { type Assembled, assembleBuilt, type BuiltImage, installBuilt } from './built-image.ts';
import { Catalog } from './catalog.ts';
import { applyChanges } from './changes.ts';
import { type CommitOptions, commit } from './commit.ts';
import { Content, type Work } from './content.ts';
import type { ImagesContext, ImageUsers } from './context.ts';
import { archiveBuilt, layoutOf, pushBuilt } from './deliver.ts';
import {
  bringLayers,
  type ForeignContent,
  type ForeignLayer,
  openForeignLayout,
  openOwn,
  openRegistry,
  storeForeign,
} from './foreign-content.ts';
import { type HistoryStep, history } from './history.ts';
import type { Image, ImageConfig } from './image.ts';
import { type ImportOptions, importImage } from './import.ts';
import { inspectRemote, type RemoteImage } from './inspect-remote.ts';
import { unpackImage } from './install.ts';
import { LayoutIndex } from './layout-index.ts';
import { type LoadOptions, load } from './load.ts';
import { login } from './login.ts';
import { type ManifestSummary, manifests } from './manifests.ts';
import { type Migration, migrateLayers } from './migrate-layers.ts';
import { openLayout } from './open-layout.ts';
import { type PruneOptions, type PruneResult, prune } from './prune.ts';
import { type PullOptions, pull } from './pull.ts';
import { type Pushed, type PushOptions, push, pushAllTags } from './push.ts';
import type { ImageRecord } from './record.ts';
import { Registries, type RegistrySettings } from './registries.ts';
import type { RegistryAuth } from './registry.ts';
import { type RemoveOptions, type RemoveResult, remove } from './remove.ts';
import { removePlatforms } from './remove-platforms.ts';
import { type SaveOptions, save } from './save.ts';
import { type SearchOptions, search } from './search.ts';
import { tag } from './tag.ts';
import { type ImagesUsage, usage, usersOf } from './usage.ts';
import { type Verification, type VerifyOptions, verify } from './verify.ts';
import { sizeWithSiblings, viewOf } from './view.ts';

export interface ImagesOptions {
  readonly database: Database;
  readonly blobs: BlobStore;
  readonly snapshots: Snapshots;
  readonly events: Events;
  readonly log: Logger;
  readonly users: ImageUsers;
  readonly registries: RegistrySettings;
  readonly actions: Timer;
  /** Layers that somebody beside images needs, such as the build cache: asked for at each collection. */
  readonly retained?: () => Iterable<BuiltLayer>;
}

/** The images domain: each method is the verb of the file of its name. */
export class Images {
  readonly #context: ImagesContext;
  readonly #actions: Timer;

  private constructor(context: ImagesContext, actions: Timer) {
    this.#context = context;
    this.#actions = actions;
  }

  /** Removes what an interrupted verb left behind, in the background. */
  static async open(options: ImagesOptions): Promise<Images> {
    const index = new LayoutIndex(options.blobs, options.log);
    const catalog: Catalog = new Catalog(options.database, options.events, options.users, () =>
      index.refresh(catalog),
    );
    const content = new Content(options.blobs, options.snapshots, catalog, options.log, options.retained);
    index.refresh(catalog);
    const images = new Images(
      {
        catalog,
        content,
        users: options.users,
        log: options.log,
        registries: new Registries(options.registries),
        downloads: new KeyedLock(),
        index,
      },
      options.actions,
    );
    void content.collect();
    return images;
  }

  /** Changes how registries are reached from now on. */
  configure(settings: RegistrySettings): void {
    this.#context.registries.configure(settings);
  }

  /** By name, tag, digest, id or id prefix. @throws notFound `No such image: x` */
  get(reference: string, { platform }: { platform?: string } = {}): Image {
    return this.#view(this.#context.catalog.find(reference, platform).image);
  }

  /** `size` is that of all platforms that came with the image. */
  list(): Image[] {
    const { catalog } = this.#context;
    return this.#listed().map((image) => ({ ...this.#view(image), size: sizeWithSiblings(catalog, image) }));
  }

  /**
   * Makes sure that the layers are unpacked, as they may not be for another platform's image that came along
   * with an index, or after a power failure. Call it before `snapshots.prepare`.
   */
  async unpack(id: string, signal?: AbortSignal): Promise<void> {
    const { catalog, content } = this.#context;
    const { image } = catalog.find(id);
    if (image.layers.every(({ chainId }) => content.snapshots.hasLayer(chainId))) return;
    await using work = content.begin();
    for (const layer of image.layers) holdLayer(work, layer);
    const unpacked = await unpackImage(content, image, { signal });
    catalog.change(() => catalog.putImage({ ...catalog.find(id).image, layers: unpacked.layers }));
  }

  /** Loads a docker archive or OCI layout (plain, gzip, zstd). Rolls back what a broken archive began. */
  load(archive: Readable, options: LoadOptions): Promise<{ loaded: string[] }> {
    return this.#actions.time('load', () => load(this.#context, archive, options));
  }

  save(names: readonly string[], options: SaveOptions = {}): Promise<Readable> {
    return save(this.#context, names, options);
  }

  /** `docker import`: a root file system tar becomes a one-layer image. */
  async import(archive: Readable, options: ImportOptions): Promise<Image> {
    return this.#view(await importImage(this.#context, archive, options));
  }

  /** `docker commit`'s second half: a new image = parent + one layer tar. */
  async commit(options: CommitOptions): Promise<Image> {
    return this.#view(await commit(this.#context, options));
  }

  /** What is held while a build works: it is not collected before the work ends, nor are layers that it adds. */
  begin(): Work {
    return this.#context.content.begin();
  }

  /** Chain ids of all layers that images consist of. */
  layers(): ReadonlySet<string> {
    return this.#context.catalog.layers();
  }

  /** Removes layers and blobs that nobody needs any more. */
  collect(): Promise<void> {
    return this.#context.content.collect();
  }

  /** Removes blobs that are in layers too, once these are safe. */
  dropTwins(): Promise<void> {
    return this.#context.content.dropTwins();
  }

  /** Stores a layer's tar on top of others (bottom first) and unpacks it. Undefined when there is nothing in it. */
  addLayer(
    work: Work,
    below: readonly BuiltLayer[],
    tar: AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<BuiltLayer | undefined> {
    return addLayer(this.#context, work, below, tar, signal);
  }

  /** The same of what a container that has ended wrote: its snapshot becomes the layer, and is gone. */
  addSnapshot(
    work: Work,
    below: readonly BuiltLayer[],
    snapshot: { readonly id: string; readonly mountPoints: readonly string[] },
    signal?: AbortSignal,
  ): Promise<BuiltLayer | undefined> {
    return addSnapshot(this.#context, work, below, snapshot, signal);
  }

  /** Whether a layer is still there. It is held from now on. */
  hasLayer(work: Work, layer: BuiltLayer): Promise<boolean> {
    return hasLayer(this.#context, work, layer);
  }

  holdLayer(work: Work, layer: BuiltLayer): void {
    holdLayer(work, layer);
  }

  /** An image's layers, bottom first, unpacked and held. @throws notFound */
  layersOf(work: Work, id: string): Promise<BuiltLayer[]> {
    return layersOfImage(this.#context, work, id);
  }

  /** An image of an OCI layout that comes as a tar; it enters no catalog. @throws notFound, invalid */
  openLayout(work: Work, layout: Readable, reference: string, signal?: AbortSignal) {
    return openLayout(this.#context, work, layout, reference, signal);
  }

  /** A stored layer's tar, uncompressed. */
  readLayer({ blob }: BuiltLayer, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    return decompress(this.#context.content.blobs.open(blob.digest), signal);
  }

  /** Writes the documents of what a build resulted in. It is in no catalog yet: work alone holds it. */
  assemble(work: Work, image: BuiltImage, signal?: AbortSignal): Promise<Assembled> {
    return assembleBuilt(this.#context, work, image, signal);
  }

  /** The same of the index of what was built for several platforms. */
  assembleIndex(
    work: Work,
    members: readonly IndexMember[],
    options: { readonly annotations: StringMap },
  ): Promise<Assembled> {
    return assembleIndex(this.#context, work, members, options);
  }

  /** Makes it an image of this engine. @throws invalid for a name that can be none */
  install(
    assembled: Assembled,
    options: { readonly names: readonly string[]; readonly parent: string | undefined },
  ): Image {
    return this.#view(installBuilt(this.#context, assembled, options));
  }

  /** Stores a document of a type of its own; work holds it. */
  storeDocument(work: Work, document: object, mediaType: string): Promise<Descriptor> {
    return storeDocument(this.#context.content, work, document, mediaType);
  }

  /** Stores a tar that is no layer, gzipped; work holds it. */
  async storeArchive(
    work: Work,
    tar: AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<{ readonly diffId: string; readonly blob: Descriptor } | undefined> {
    return await storeArchive(this.#context.content, work, tar, signal);
  }

  /** What lies elsewhere under a name: in a registry, in a layout, or as an image here. @throws notFound, invalid, unavailable */
  async openForeign(
    where:
      | { readonly kind: 'registry'; readonly reference: string; readonly auth?: RegistryAuth }
      | { readonly kind: 'layout'; readonly files: LayoutFiles; readonly reference: string }
      | { readonly kind: 'image'; readonly reference: string },
    signal: AbortSignal,
  ): Promise<ForeignContent> {
    if (where.kind === 'layout') return await openForeignLayout(where.files, where.reference);
    if (where.kind === 'image') return openOwn(this.#context, where.reference);
    return await openRegistry(this.#context, where.reference, { ...where, signal });
  }

  /** Layers that lie elsewhere as if they had been made here. @throws notFound, invalid, cancelled */
  bringLayers(
    work: Work,
    layers: readonly ForeignLayer[],
    source: ForeignContent,
    signal?: AbortSignal,
  ): Promise<BuiltLayer[]> {
    return bringLayers(this.#context, work, layers, source, signal);
  }

  /** Content that lies elsewhere, stored and held. @throws notFound, invalid, cancelled */
  storeForeign(work: Work, blob: Descriptor, source: ForeignContent, signal?: AbortSignal): Promise<void> {
    return storeForeign(this.#context, work, blob, source, signal);
  }

  /** An OCI layout of what was stored, under a tag, as a tar. */
  layout(stored: Pick<Assembled, 'target'>, tag: string, signal?: AbortSignal): Readable {
    return layoutOf(this.#context, stored, tag, signal);
  }

  /** A tar of what was built, for as long as its work lasts. */
  archive(assembled: Assembled, names: readonly string[], signal?: AbortSignal): Readable {
    return archiveBuilt(this.#context, assembled, names, signal);
  }

  /** Pushes what was built, in the catalog or not. @throws unauthorized, unavailable, cancelled */
  pushBuilt(
    assembled: Pick<Assembled, 'target'>,
    name: string,
    options: Omit<PushOptions, 'platform'>,
  ): Promise<Pushed> {
    return this.#actions.time('push', () => pushBuilt(this.#context, assembled, name, options));
  }

  async pull(reference: string, options: PullOptions): Promise<Image> {
    const pulled = await this.#actions.time('pull', () => pull(this.#context, reference, options));
    return this.#view(pulled);
  }

  push(reference: string, options: PushOptions): Promise<Pushed> {
    return this.#actions.time('push', () => push(this.#context, reference, options));
  }

  /** Every tag of a repository. @throws as push */
  pushAllTags(repository: string, options: PushOptions): Promise<Pushed[]> {
    return this.#actions.time('push', () => pushAllTags(this.#context, repository, options));
  }

  tag(source: string, target: string): void {
    tag(this.#context, source, target);
  }

  /**
   * Untags and, when nothing refers to it, deletes; with platforms only these of a multi-platform image.
   * Docker's rules and conflict texts.
   */
  async remove(
    reference: string,
    { platforms = [], ...options }: RemoveOptions & { readonly platforms?: readonly string[] },
  ): Promise<RemoveResult[]> {
    const results =
      platforms.length > 0
        ? removePlatforms(this.#context, reference, platforms, options)
        : remove(this.#context, reference, options);
    await this.#context.content.collect();
    return results;
  }

  async prune(options: PruneOptions): Promise<PruneResult> {
    const result = prune(this.#context, options);
    if (!options.dryRun) await this.#context.content.collect();
    return result;
  }

  /** Gives layers the form that new ones get, where they have another one. @throws cancelled, system */
  migrateLayers(signal?: AbortSignal): Promise<Migration> {
    return migrateLayers(this.#context.content, signal);
  }

  /** Reads all content and compares it with its digests; mends it if asked. @throws notFound, cancelled */
  verify(options: VerifyOptions = {}): Promise<Verification> {
    return verify(this.#context, options);
  }

  /** Bytes per layer and who shares them, for `system df`. */
  async usage(): Promise<ImagesUsage> {
    return usage(this.#context, this.#listed());
  }

  /** How many containers are made of an image, whichever of its platforms. */
  containersOf(id: string): number {
    return usersOf(this.#context, id).length;
  }

  history(reference: string, { platform }: { platform?: string } = {}): HistoryStep[] {
    const { catalog } = this.#context;
    return history(catalog, catalog.find(reference, platform).image);
  }

  /** The manifests behind a name, with what of them is here. @throws notFound */
  manifests(reference: string): Promise<ManifestSummary[]> {
    return manifests(this.#context, reference);
  }

  /** The in-toto statements that came with an image. @throws notFound */
  attestations(reference: string, options: AttestationsOptions): Promise<Attestation[]> {
    return attestations(this.#context, reference, options);
  }

  /** Asks an index for repositories. @throws invalid, unavailable */
  search(term: string, options: SearchOptions = {}): Promise<FoundRepository[]> {
    return search(this.#context, term, options);
  }

  /** Checks credentials with their registry. @throws unauthorized, unavailable */
  login(auth: RegistryAuth, signal?: AbortSignal): Promise<string | undefined> {
    return login(this.#context, auth, signal);
  }

  /** Applies Dockerfile-style changes (`CMD ["x"]`, `ENV a=b`) to a config: commit and import use it. @throws invalid */
  applyChanges(config: ImageConfig, changes: readonly string[]): ImageConfig {
    return applyChanges(config, changes);
  }

  /** Distribution inspect: digest, media type and platforms of a remote reference. */
  inspectRemote(reference: string, auth?: RegistryAuth, signal?: AbortSignal): Promise<RemoteImage> {
    return inspectRemote(this.#context, reference, auth, signal);
  }

  /** Waits for the garbage collection under way. */
  async close(): Promise<void> {
    await this.#context.content.collect();
    await this.#context.index.settled();
  }

  /** Not those which only came along as another platform of an index. */
  #listed(): ImageRecord[] {
    return [...this.#context.catalog.images.values()].filter(({ listed }) => listed);
  }

  #view(image: ImageRecord): Image {
    return viewOf(image, this.#context.catalog);
  }
}
