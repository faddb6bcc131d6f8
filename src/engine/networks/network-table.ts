import { invalid, notFound } from '#lib/errors';
import { type NetworkAddresses, TakenBlocks } from './ipam/index.ts';
import type { NetworkRecord } from './record.ts';
import type { Subnet } from './subnet.ts';

/** A network that exists: what is stored, and who has which address. */
export interface KnownNetwork {
  record: NetworkRecord;
  readonly addresses: NetworkAddresses;
  readonly subnets: readonly Subnet[];
  /** Interface index of its bridge. */
  bridgeIndex?: number | undefined;
}

/** The networks that exist, by id and by name. */
export class NetworkTable {
  readonly #byId = new Map<string, KnownNetwork>();
  readonly #byName = new Map<string, KnownNetwork>();
  readonly #byBridge = new Map<string, KnownNetwork>();
  /** Their addresses. */
  readonly blocks = new TakenBlocks();

  get(id: string): KnownNetwork | undefined {
    return this.#byId.get(id);
  }

  named(name: string): KnownNetwork | undefined {
    return this.#byName.get(name);
  }

  withBridge(name: string): KnownNetwork | undefined {
    return this.#byBridge.get(name);
  }

  /** In order of creation. */
  values(): IteratorObject<KnownNetwork> {
    return this.#byId.values();
  }

  add(known: KnownNetwork): void {
    this.#byId.set(known.record.id, known);
    this.#byName.set(known.record.name, known);
    if (known.record.bridge) this.#byBridge.set(known.record.bridge.name, known);
    for (const subnet of known.subnets) this.blocks.add(subnet);
  }

  delete({ record, subnets }: KnownNetwork): void {
    this.#byId.delete(record.id);
    this.#byName.delete(record.name);
    if (record.bridge) this.#byBridge.delete(record.bridge.name);
    for (const subnet of subnets) this.blocks.delete(subnet);
  }

  /** By name, id, or an id prefix that only it has. @throws notFound, invalid */
  find(reference: string): KnownNetwork {
    const exact = this.#byId.get(reference) ?? this.#byName.get(reference);
    if (exact) return exact;
    const prefixed = /^[0-9a-f]+$/.test(reference)
      ? this.#byId
          .values()
          .filter(({ record }) => record.id.startsWith(reference))
          .toArray()
      : [];
    if (prefixed.length > 1) {
      throw invalid(
        `network ${reference} is ambiguous (${prefixed.length} matches found based on ID prefix)`,
      );
    }
    if (!prefixed[0]) throw notFound(`network ${reference} not found`);
    return prefixed[0];
  }
}
