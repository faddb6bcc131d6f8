import { type Element, nameOf } from './element.ts';

/** What a change does to the kernel's sets. */
export interface Difference {
  readonly added: readonly Element[];
  readonly removed: readonly Element[];
}

/**
 * The elements that should be in the table. Several owners may want the same one (two host ports that open one
 * port of a routed container): it goes with the last of them.
 */
export class Contents {
  readonly #wanted = new Map<string, { element: Element; owners: number }>();

  *[Symbol.iterator](): Generator<Element> {
    for (const { element } of this.#wanted.values()) yield element;
  }

  /** Takes both changes in and tells what of them the kernel must do: deletions first. */
  change(change: { add?: readonly Element[]; remove?: readonly Element[] }): Difference {
    const before = new Map<string, Element | undefined>();
    const remember = (name: string) => {
      if (!before.has(name)) before.set(name, this.#wanted.get(name)?.element);
    };
    for (const element of change.remove ?? []) {
      const name = nameOf(element);
      const wanted = this.#wanted.get(name);
      if (!wanted) continue;
      remember(name);
      if (--wanted.owners === 0) this.#wanted.delete(name);
    }
    for (const element of change.add ?? []) {
      const name = nameOf(element);
      remember(name);
      const owners = this.#wanted.get(name)?.owners ?? 0;
      this.#wanted.set(name, { element, owners: owners + 1 });
    }
    return this.#compare(before);
  }

  #compare(before: ReadonlyMap<string, Element | undefined>): Difference {
    const added: Element[] = [];
    const removed: Element[] = [];
    for (const [name, former] of before) {
      const element = this.#wanted.get(name)?.element;
      if (former && element && former.value === element.value) continue;
      if (former) removed.push(former);
      if (element) added.push(element);
    }
    return { added, removed };
  }
}
