import type { NetworkNames } from './names.ts';

/** The names that a container has on a network when it runs. */
export interface KnownPlace {
  /** The network's name or id, as whoever made the container wrote it. */
  readonly network: string;
  readonly names: readonly string[];
}

/**
 * The names of all containers there are, whether they run or not: what one of them is called is not to be asked of
 * the world outside while it is away, which would learn of it, and might answer.
 */
export class KnownNames {
  readonly #places = new Map<string, readonly KnownPlace[]>();
  /** By name in lower case and network: of how many containers it is one. */
  readonly #counts = new Map<string, Map<string, number>>();

  /** No places: the container is no more. */
  put(containerId: string, places: readonly KnownPlace[]): void {
    this.#count(this.#places.get(containerId) ?? [], -1);
    this.#count(places, 1);
    if (places.length > 0) this.#places.set(containerId, places);
    else this.#places.delete(containerId);
  }

  /** Whether a container on one of the networks has the name, in lower case, when it runs. */
  has(name: string, networks: readonly NetworkNames[]): boolean {
    const references = this.#counts.get(name);
    if (!references) return false;
    return networks.some((network) => [...references.keys()].some((each) => network.isMeant(each)));
  }

  #count(places: readonly KnownPlace[], change: 1 | -1): void {
    for (const { network, names } of places) {
      for (const name of new Set(names.map((each) => each.toLowerCase()))) {
        const references = this.#counts.get(name) ?? new Map<string, number>();
        const count = (references.get(network) ?? 0) + change;
        if (count > 0) references.set(network, count);
        else references.delete(network);
        if (references.size > 0) this.#counts.set(name, references);
        else this.#counts.delete(name);
      }
    }
  }
}
