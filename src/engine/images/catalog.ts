import type { Events } from '#engine/events';
import { notFound } from '#lib/errors';
import { now } from '#lib/time';
import { choosePlatform, hostPlatform, type Platform, parsePlatform } from '#oci/image';
import { canonicalName, familiarName, parseReference, type Reference, withDefaultTag } from '#oci/reference';
import type { Database, Records } from '#store';
import type { ImageUsers } from './context.ts';
import { type Installed, requirePlatform } from './install.ts';
import { type Found, lookUp } from './lookup.ts';
import type { ImageRecord, NameRecord } from './record.ts';

/**
 * Which images there are and what they are called: in memory for reading, in the database for good.
 * Everything that changes it goes through `change`.
 */
export class Catalog {
  readonly #database: Database;
  readonly #events: Events;
  readonly #onChange: () => void;
  readonly #users: ImageUsers;
  readonly #imageTable: Records<ImageRecord>;
  readonly #nameTable: Records<NameRecord>;
  #images = new Map<string, ImageRecord>();
  #names = new Map<string, NameRecord>();

  /** `onChange` is told after a change has been committed. */
  constructor(database: Database, events: Events, users: ImageUsers, onChange: () => void) {
    this.#database = database;
    this.#events = events;
    this.#onChange = onChange;
    this.#users = users;
    this.#imageTable = database.records<ImageRecord>('images');
    this.#nameTable = database.records<NameRecord>('image_names');
    this.#reload();
  }

  get images(): ReadonlyMap<string, ImageRecord> {
    return this.#images;
  }

  get names(): ReadonlyMap<string, NameRecord> {
    return this.#names;
  }

  /** All or nothing, events included: `work` calls the methods below. */
  change<T>(work: () => T): T {
    try {
      return this.#database.transaction(() => {
        const result = work();
        this.#dropUnreachable();
        this.#database.afterCommit(this.#onChange);
        return result;
      });
    } catch (error) {
      this.#reload();
      throw error;
    }
  }

  putImage(record: ImageRecord): void {
    this.#images.set(record.id, record);
    this.#imageTable.put(record.id, record);
  }

  /**
   * Records what was installed, and lets these canonical names stand for it. Whichever platform somebody asked for, a
   * name means the host's when it is here; those that were here before under the same name stay.
   */
  install({ target, chosen, images, content }: Installed, names: readonly string[]): void {
    for (const image of images)
      this.#put(image.id === chosen.id ? chosen : image, names.length === 0 && image.id === chosen.id);
    for (const name of names) {
      const before = this.#names.get(name);
      const same = before?.target.digest === target.digest ? before : undefined;
      const ids = new Set<string>([...images.map(({ id }) => id), ...(same?.images ?? [])]);
      const here = [...ids].flatMap((id) => this.#images.get(id) ?? []);
      const image = (ofPlatform(here, hostPlatform()) ?? chosen).id;
      const all = [...new Set([...content, ...(same?.content ?? [])])];
      this.putName(name, { target, image, images: here.map(({ id }) => id), content: all });
    }
  }

  /** What is known of an image beside its documents stays. */
  #put(image: ImageRecord, listed: boolean): void {
    const known = this.#images.get(image.id);
    const sizes = new Map(known?.layers.map(({ chainId, size }) => [chainId, size]));
    const layers = image.layers.map(({ size, ...layer }) => {
      const bytes = size ?? sizes.get(layer.chainId);
      return { ...layer, ...(bytes !== undefined && { size: bytes }) };
    });
    this.putImage({ ...known, ...image, layers, listed: listed || (known?.listed ?? false) });
  }

  deleteImage(id: string): void {
    this.#images.delete(id);
    this.#imageTable.delete(id);
  }

  /** A tag moves: what it stood for before loses it, and does without when it still comes along. */
  putName(name: string, record: NameRecord): void {
    const before = this.#names.get(name);
    this.#names.set(name, record);
    this.#nameTable.put(name, record);
    const image = this.#images.get(record.image);
    if (image) this.putImage({ ...image, listed: true, lastTagged: now() });
    const former = before && record.images.includes(before.image) && this.#images.get(before.image);
    if (former && this.namesOf(former.id).length === 0) this.putImage({ ...former, listed: false });
  }

  deleteName(name: string): void {
    this.#names.delete(name);
    this.#nameTable.delete(name);
  }

  /** Docker's image events carry the labels and what the image was called. */
  publish(action: string, id: string, name: string, image: ImageRecord | undefined): void {
    this.#events.publish('image', action, id, { ...image?.config.config?.Labels, name });
  }

  publishPrune(reclaimed: number): void {
    this.#events.publish('image', 'prune', '', { reclaimed: String(reclaimed) });
  }

  /** @throws notFound `No such image: x`; invalid when it can be no image's name */
  find(text: string, platform?: string): { image: ImageRecord; name: string | undefined } {
    const found = this.lookUp(text);
    if (found.kind !== 'found') throw noSuchImage(text, found.kind === 'ambiguous');
    const image = this.#images.get(found.id);
    if (!image) throw noSuchImage(text);
    if (platform === undefined) return { image, name: found.name };
    return { image: this.#ofPlatform(text, image, found.name, platform), name: found.name };
  }

  lookUp(text: string): Found {
    return lookUp(text, {
      idOf: (name) => this.#names.get(name)?.image,
      has: (id) => this.#images.has(id),
      idOfTarget: (digest) =>
        this.#names.values().find(({ target }) => target.digest === digest)?.image ??
        this.#images.values().find(({ manifest }) => manifest.digest === digest)?.id,
      ids: () => this.#images.keys(),
    });
  }

  /** Tags first, each kind sorted. */
  namesOf(imageId: string): Reference[] {
    const found: Reference[] = [];
    for (const [name, { image }] of this.#names) if (image === imageId) found.push(parseReference(name));
    const key = (reference: Reference) => `${reference.digest ? 1 : 0} ${canonicalName(reference)}`;
    return found.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  }

  /** Other platforms of what the names of an image stand for: they come and go with these. */
  siblingsOf(imageId: string): ImageRecord[] {
    const named = [...this.#names.values()].filter(({ image }) => image === imageId);
    const ids = new Set(named.flatMap(({ images }) => images));
    ids.delete(imageId);
    return [...ids].flatMap((id) => this.#images.get(id) ?? []);
  }

  /** Images made from this one by commit or build. */
  childrenOf(imageId: string): ImageRecord[] {
    return [...this.#images.values()].filter(({ parent }) => parent === imageId);
  }

  /** Digests of all content that somebody still needs. */
  content(): Set<string> {
    const needed = new Set<string>();
    for (const { content } of this.#names.values()) for (const digest of content) needed.add(digest);
    for (const { id, manifest, layers } of this.#images.values()) {
      needed.add(id).add(manifest.digest);
      for (const { blob } of layers) needed.add(blob.digest);
    }
    return needed;
  }

  /** Digests of the content of an image and of the indexes that it is part of. */
  contentOf(imageId: string): Set<string> {
    const image = this.#images.get(imageId);
    const own = image
      ? [image.id, image.manifest.digest, ...image.layers.map(({ blob }) => blob.digest)]
      : [];
    const named = [...this.#names.values()].filter(({ images }) => images.includes(imageId));
    return new Set([...own, ...named.flatMap(({ content }) => content)]);
  }

  /** Chain ids of all layers that some image consists of. */
  layers(): Set<string> {
    const needed = new Set<string>();
    for (const { layers } of this.#images.values()) for (const { chainId } of layers) needed.add(chainId);
    return needed;
  }

  #ofPlatform(text: string, image: ImageRecord, name: string | undefined, platform: string): ImageRecord {
    const wanted = parsePlatform(platform);
    const ids = (name !== undefined && this.#names.get(name)?.images) || [];
    const match = ofPlatform([image, ...ids.flatMap((id) => this.#images.get(id) ?? [])], wanted);
    if (match) return match;
    requirePlatform(image, wanted, familiar(text));
    return image;
  }

  /** Images that only came along with an index which is gone; one that a container uses has to stand for itself then. */
  #dropUnreachable(): void {
    const reachable = new Set([...this.#names.values()].flatMap(({ images }) => images));
    for (const image of this.#images.values()) {
      if (image.listed || reachable.has(image.id)) continue;
      if (this.#users(image.id).length > 0) this.putImage({ ...image, listed: true });
      else this.deleteImage(image.id);
    }
  }

  #reload(): void {
    this.#images = new Map(this.#imageTable.all().map(({ id, record }) => [id, record]));
    this.#names = new Map(this.#nameTable.all().map(({ id, record }) => [id, record]));
  }
}

const ofPlatform = (images: readonly ImageRecord[], wanted: Platform): ImageRecord | undefined =>
  choosePlatform(
    images.map((image) => ({ image, platform: image.config })),
    wanted,
  )?.image;

/** Clients match on the beginning of this text. */
export function noSuchImage(text: string, ambiguous = false) {
  if (ambiguous) return notFound(`No such image: ${text} (ambiguous reference: it begins several image ids)`);
  return notFound(`No such image: ${familiar(text)}`);
}

/** With the tag that was meant. */
function familiar(text: string): string {
  try {
    return familiarName(withDefaultTag(parseReference(text)));
  } catch {
    // No name, then: an id, shown as it was given.
    return text;
  }
}
