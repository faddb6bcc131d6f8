import { cancelled } from '#lib/errors';
import { type Descriptor, isIndex, MAX_MANIFEST_BYTES, parseManifest } from '#oci/image';
import { Verifier } from '#store';
import type { ImagesContext } from './context.ts';
import type { ImageRecord, LayerRecord } from './record.ts';
import type { RegistryAuth } from './registry.ts';
import { rebuildLayer, restoreBlob } from './repair.ts';
import { viewOf } from './view.ts';

export interface VerifyOptions {
  /** Default: all images. */
  readonly names?: readonly string[];
  /** Mends what is damaged, as far as it can be had from somewhere. */
  readonly repair?: boolean;
  /** What a registry is to be told that content is fetched from. */
  readonly auth?: (reference: string) => RegistryAuth | undefined;
  readonly signal?: AbortSignal;
}

export interface Damage {
  /** Of a blob, or a layer's chain id. */
  readonly digest: string;
  readonly kind: 'manifest' | 'blob' | 'layer';
  readonly problem: 'missing' | 'damaged';
  /** What the images are called that need it. */
  readonly images: readonly string[];
  readonly repaired: boolean;
  /** What was done, or why nothing could be. */
  readonly remark: string;
}

export interface Verification {
  /** Blobs and layers that were read. */
  readonly checked: number;
  /** Layers that are directories: nothing tells what they should be. */
  readonly unchecked: number;
  readonly damages: readonly Damage[];
}

/** Reads all content of images and compares it with its digests. @throws notFound, cancelled */
export async function verify(context: ImagesContext, options: VerifyOptions): Promise<Verification> {
  const { catalog, content } = context;
  const { names = [] } = options;
  const images = names.length > 0 ? names.map((name) => catalog.find(name).image) : catalog.images.values();
  const all = new Set([...images].flatMap((image) => [image, ...catalog.siblingsOf(image.id)]));
  await using work = content.begin();
  for (const { id, layers } of all) {
    for (const digest of catalog.contentOf(id)) work.hold(digest);
    for (const { chainId } of layers) work.hold(chainId);
  }
  await using verifier = new Verifier();
  const check = new Check(context, verifier, options);
  for (const image of all) await check.image(image);
  return check.result;
}

class Check {
  readonly #context: ImagesContext;
  readonly #verifier: Verifier;
  readonly #options: VerifyOptions;
  readonly #seen = new Set<string>();
  readonly #damages: Damage[] = [];
  #checked = 0;
  #unchecked = 0;

  constructor(context: ImagesContext, verifier: Verifier, options: VerifyOptions) {
    this.#context = context;
    this.#verifier = verifier;
    this.#options = options;
  }

  get result(): Verification {
    return { checked: this.#checked, unchecked: this.#unchecked, damages: this.#damages };
  }

  async image(image: ImageRecord): Promise<void> {
    const targets = [...this.#context.catalog.names.values()].filter(({ images }) =>
      images.includes(image.id),
    );
    for (const { target, content } of targets) await this.#document(target, new Set(content));
    const own = [image.manifest.digest, image.id, ...image.layers.map(({ blob }) => blob.digest)];
    await this.#document(image.manifest, new Set(own));
    for (const layer of image.layers) {
      // Its manifest may be damaged, and then tells nothing.
      if (this.#isNew(layer.blob.digest)) await this.#blob(layer.blob, 'blob');
      await this.#layer(layer);
    }
  }

  /** A manifest or an index, and what of it is to be here. */
  async #document(descriptor: Descriptor, expected: ReadonlySet<string>): Promise<void> {
    if (!this.#isNew(descriptor.digest)) return;
    if (!(await this.#blob(descriptor, 'manifest'))) return;
    const bytes = await this.#context.content.blobs.read(descriptor.digest, MAX_MANIFEST_BYTES);
    const document = parseManifest(bytes, descriptor.mediaType);
    if (isIndex(document)) {
      for (const child of document.manifests)
        if (expected.has(child.digest)) await this.#document(child, expected);
      return;
    }
    for (const part of [document.config, ...document.layers])
      if (expected.has(part.digest) && this.#isNew(part.digest)) await this.#blob(part, 'blob');
  }

  /** Whether it is sound now. */
  async #blob(descriptor: Descriptor, kind: 'manifest' | 'blob'): Promise<boolean> {
    const { digest } = descriptor;
    const { blobs } = this.#context.content;
    const here = await blobs.has(digest);
    const { path, part } = blobs.locate(digest);
    if (here && (await this.#verifier.matches(digest, { path, ...part }))) return true;
    const restore = () => restoreBlob(this.#context, descriptor, kind, this.#options);
    return this.#report({ digest, kind, problem: here ? 'damaged' : 'missing' }, restore);
  }

  async #layer(layer: LayerRecord): Promise<void> {
    const { snapshots } = this.#context.content;
    // The lowest layer's chain id is the digest of its tar, which may be a blob too.
    if (!snapshots.hasLayer(layer.chainId) || !this.#isNew(layer.chainId, 'layer')) return;
    const archive = snapshots.layerArchive(layer.chainId);
    if (!archive) {
      this.#unchecked++;
      return;
    }
    if (await this.#verifier.matches(layer.diffId, archive)) return;
    const rebuild = () => rebuildLayer(this.#context, layer, this.#verifier, this.#options.signal);
    await this.#report({ digest: layer.chainId, kind: 'layer', problem: 'damaged' }, rebuild);
  }

  /** Counts what is looked at for the first time. */
  #isNew(digest: string, kind: 'blob' | 'layer' = 'blob'): boolean {
    if (this.#options.signal?.aborted) throw cancelled();
    const key = `${kind} ${digest}`;
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    this.#checked++;
    return true;
  }

  async #report(
    found: Pick<Damage, 'digest' | 'kind' | 'problem'>,
    mend: () => Promise<Pick<Damage, 'repaired' | 'remark'>>,
  ): Promise<boolean> {
    const outcome = this.#options.repair ? await mend() : { repaired: false, remark: '' };
    this.#damages.push({ ...found, images: this.#namesOf(found.digest), ...outcome });
    return outcome.repaired;
  }

  #namesOf(digest: string): string[] {
    const { catalog } = this.#context;
    const users = [...catalog.images.values()].filter(
      ({ id, layers }) =>
        catalog.contentOf(id).has(digest) || layers.some(({ chainId }) => chainId === digest),
    );
    return [...new Set(users.map((image) => viewOf(image, catalog).tags[0] ?? image.id))];
  }
}
