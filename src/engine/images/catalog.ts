import type { Events } from '#engine/events';
import { notFound } from '#lib/errors';
import { now } from '#lib/time';
import { matchesPlatform, parsePlatform } from '#oci/image';
import { canonicalName, familiarName, parseReference, type Reference, withDefaultTag } from '#oci/reference';
import type { Database, Records } from '#store';
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
  readonly #imageTable: Records<ImageRecord>;
  readonly #nameTable: Records<NameRecord>;
  #images = new Map<string, ImageRecord>();
  #names = new Map<string, NameRecord>();

  /** `onChange` is told after a change has been committed. */
  constructor(database: Database, events: Events, onChange: () => void) {
    this.#database = database;
    this.#events = events;
    this.#onChange = onChange;
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

  /** Records what was installed, listed, and lets these canonical names stand for it. */
  install({ target, chosen, images, content }: Installed, names: readonly string[]): void {
    for (const image of [...images.filter(({ id }) => id !== chosen.id), { ...chosen, listed: true }]) {
      const known = this.#images.get(image.id);
      this.putImage({ ...known, ...image, listed: image.listed || (known?.listed ?? false) });
    }
    const record = { target, image: chosen.id, images: images.map(({ id }) => id), content };
    for (const name of names) this.putName(name, record);
  }

  deleteImage(id: string): void {
    this.#images.delete(id);
    this.#imageTable.delete(id);
  }

  /** A tag moves: what it stood for before loses it. */
  putName(name: string, record: NameRecord): void {
    this.#names.set(name, record);
    this.#nameTable.put(name, record);
    const image = this.#images.get(record.image);
    if (image) this.putImage({ ...image, listed: true, lastTagged: now() });
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
    const offered = [image, ...ids.flatMap((id) => this.#images.get(id) ?? [])];
    const match = offered.find(({ config }) => matchesPlatform(wanted, config));
    if (match) return match;
    requirePlatform(image, wanted, familiar(text));
    return image;
  }

  /** Images that only came along with an index which is gone. */
  #dropUnreachable(): void {
    const reachable = new Set([...this.#names.values()].flatMap(({ images }) => images));
    for (const { id, listed } of this.#images.values()) {
      if (!listed && !reachable.has(id)) this.deleteImage(id);
    }
  }

  #reload(): void {
    this.#images = new Map(this.#imageTable.all().map(({ id, record }) => [id, record]));
    this.#names = new Map(this.#nameTable.all().map(({ id, record }) => [id, record]));
  }
}

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
