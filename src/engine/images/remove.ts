import { conflict } from '#lib/errors';
import { shortId } from '#lib/ids';
import { canonicalName, familiarName, parseReference, type Reference, repositoryName } from '#oci/reference';
import type { ImagesContext } from './context.ts';
import { isPrefixOf } from './lookup.ts';
import type { ImageRecord } from './record.ts';
import { usersOf } from './usage.ts';

export interface RemoveResult {
  readonly untagged?: string;
  readonly deleted?: string;
}
export interface RemoveOptions {
  readonly force?: boolean;
  /** Parents without a name stay. */
  readonly noPrune?: boolean;
}

/**
 * Untags and, when nothing refers to it, deletes. Synchronous and all or nothing; what becomes unused on disk is
 * the garbage collection's. @throws notFound, conflict
 */
export function remove(context: ImagesContext, text: string, options: RemoveOptions = {}): RemoveResult[] {
  return context.catalog.change(() => {
    const { image, name } = context.catalog.find(text);
    const removal = new Removal(context, options);
    if (name !== undefined && !isPrefixOf(text, image.id)) removal.byName(text, image, parseReference(name));
    else removal.byId(image);
    return removal.results;
  });
}

interface Conflict {
  readonly reason: string;
  /** `force` does not help. */
  readonly hard: boolean;
  /** A container is the reason. */
  readonly used: boolean;
}

class Removal {
  readonly results: RemoveResult[] = [];
  readonly #context: ImagesContext;
  readonly #force: boolean;
  readonly #prune: boolean;

  constructor(context: ImagesContext, { force = false, noPrune = false }: RemoveOptions) {
    this.#context = context;
    this.#force = force;
    this.#prune = !noPrune;
  }

  byName(text: string, image: ImageRecord, name: Reference): void {
    const { catalog } = this.#context;
    const [user] = usersOf(this.#context, image.id);
    // Without its last name the image would be dangling, which nobody wants who uses it.
    if (!this.#force && user && isSingleName(catalog.namesOf(image.id))) {
      throw conflict(
        `conflict: unable to remove repository reference "${text}" (must force) - container ${shortId(user.containerId)} is using its referenced image ${shortId(image.id)}`,
      );
    }
    this.#untag(image, name);
    if (name.digest === undefined) this.#untagDigestsOf(image, name);
    if (catalog.namesOf(image.id).length === 0) this.#delete(image, this.#force, true);
  }

  byId(image: ImageRecord): void {
    const names = this.#context.catalog.namesOf(image.id);
    if (isSingleName(names)) {
      const reason = this.#conflictOf(image, false);
      if (reason && (reason.hard || !this.#force)) throw conflictError(image, reason);
      for (const name of names) this.#untag(image, name);
    }
    this.#delete(image, this.#force, false);
  }

  /** Digest references without a tag of the same repository are of no use to anybody. */
  #untagDigestsOf(image: ImageRecord, name: Reference): void {
    const names = this.#context.catalog
      .namesOf(image.id)
      .filter((other) => repositoryName(other) === repositoryName(name));
    if (names.some(({ digest }) => digest === undefined)) return;
    for (const other of names) this.#untag(image, other);
  }

  #untag(image: ImageRecord, name: Reference): void {
    this.#context.catalog.deleteName(canonicalName(name));
    this.#context.catalog.publish('untag', image.id, image.id, image);
    this.results.push({ untagged: familiarName(name) });
  }

  /** `quiet`: an image that is still needed stays, and that is no error. */
  #delete(image: ImageRecord, force: boolean, quiet: boolean): void {
    const { catalog } = this.#context;
    const reason = this.#conflictOf(image, true);
    if (reason && (reason.hard || !force)) {
      const dangling = catalog.namesOf(image.id).length === 0 && catalog.childrenOf(image.id).length === 0;
      if (quiet && (!dangling || reason.used)) return;
      throw conflictError(image, reason);
    }
    for (const name of catalog.namesOf(image.id)) this.#untag(image, name);
    catalog.deleteImage(image.id);
    catalog.publish('delete', image.id, image.id, image);
    this.results.push({ deleted: image.id });
    this.#reportLayers(image);
    const parent = image.parent === undefined ? undefined : catalog.images.get(image.parent);
    if (this.#prune && parent) this.#delete(parent, false, true);
  }

  /** Top first, as they go. */
  #reportLayers(image: ImageRecord): void {
    const { catalog, content } = this.#context;
    const needed = catalog.layers();
    for (const { chainId } of image.layers.toReversed()) {
      if (!needed.has(chainId) && !content.snapshots.isLayerUsed(chainId))
        this.results.push({ deleted: chainId });
    }
  }

  #conflictOf(image: ImageRecord, withNames: boolean): Conflict | undefined {
    const { catalog } = this.#context;
    if (catalog.childrenOf(image.id).length > 0) {
      return { reason: 'image has dependent child images', hard: true, used: false };
    }
    const containers = usersOf(this.#context, image.id);
    const running = containers.find((user) => user.running);
    if (running) {
      const reason = `image is being used by running container ${shortId(running.containerId)}`;
      return { reason, hard: true, used: true };
    }
    if (withNames && catalog.namesOf(image.id).length > 0) {
      return { reason: 'image is referenced in multiple repositories', hard: false, used: false };
    }
    const [stopped] = containers;
    if (!stopped) return undefined;
    const reason = `image is being used by stopped container ${shortId(stopped.containerId)}`;
    return { reason, hard: false, used: true };
  }
}

const conflictError = (image: ImageRecord, { reason, hard }: Conflict) =>
  conflict(
    `conflict: unable to delete ${shortId(image.id)} (${hard ? 'cannot be forced' : 'must be forced'}) - ${reason}`,
  );

/** At most one tag, and all names of one repository: removing the image by id removes them along. */
export function isSingleName(names: readonly Reference[]): boolean {
  const tags = names.filter(({ digest }) => digest === undefined);
  const repositories = new Set(names.map(repositoryName));
  return names.length > 0 && tags.length <= 1 && repositories.size === 1;
}
