import type { Database, Records } from '#store';
import type { SandboxRecord } from './record.ts';

/** An abandoned sandbox has no container any more: it goes by its own id. */
const keyOf = (record: SandboxRecord): string => (record.abandoned ? record.sandboxId : record.containerId);

/**
 * The sandboxes, in memory and in the database. Every change is one transaction together with what else is to
 * be written with it; memory follows only once that stands.
 */
export class SandboxTable {
  readonly #database: Database;
  readonly #rows: Records<SandboxRecord>;
  readonly #records = new Map<string, SandboxRecord>();
  /** Keys by network. */
  readonly #onNetwork = new Map<string, Set<string>>();
  /** Keys of those that joined, by the sandbox. */
  readonly #joiners = new Map<string, Set<string>>();
  /** Keys of abandoned ones, by the container that had them. */
  readonly #abandoned = new Map<string, Set<string>>();
  /** Key by sandbox id, of its owner. */
  readonly #owners = new Map<string, string>();

  constructor(database: Database) {
    this.#database = database;
    this.#rows = database.records<SandboxRecord>('sandboxes');
  }

  /** What an earlier life of the engine has left. */
  load(): void {
    for (const { record } of this.#rows.all()) this.#remember(record);
  }

  /** By the container's id; an abandoned one by its own. */
  get(key: string): SandboxRecord | undefined {
    return this.#records.get(key);
  }

  values(): IteratorObject<SandboxRecord> {
    return this.#records.values();
  }

  /** Those with an endpoint on a network. */
  on(networkId: string): SandboxRecord[] {
    return this.#all(this.#onNetwork.get(networkId));
  }

  /** The record of the sandbox itself, whoever joined it. */
  owner(sandboxId: string): SandboxRecord | undefined {
    return this.#records.get(this.#owners.get(sandboxId) ?? '');
  }

  /** What a container left to those that had joined it. */
  abandonedBy(containerId: string): SandboxRecord | undefined {
    return this.#all(this.#abandoned.get(containerId)).at(-1);
  }

  joinersOf(sandboxId: string): SandboxRecord[] {
    return this.#all(this.#joiners.get(sandboxId));
  }

  save(record: SandboxRecord, alongside: () => void = () => {}): void {
    this.#database.transaction(() => {
      this.#rows.put(keyOf(record), record);
      alongside();
    });
    this.#forget(keyOf(record));
    this.#remember(record);
  }

  /** `heir`: what the sandbox is from now on, when it outlives its container. */
  delete(record: SandboxRecord, heir?: SandboxRecord, alongside: () => void = () => {}): void {
    this.#database.transaction(() => {
      this.#rows.delete(keyOf(record));
      if (heir) this.#rows.put(keyOf(heir), heir);
      alongside();
    });
    this.#forget(keyOf(record));
    if (heir) this.#remember(heir);
  }

  #all(keys: ReadonlySet<string> | undefined): SandboxRecord[] {
    return [...(keys ?? [])].flatMap((key) => this.#records.get(key) ?? []);
  }

  #remember(record: SandboxRecord): void {
    const key = keyOf(record);
    this.#records.set(key, record);
    for (const { networkId } of record.endpoints) addTo(this.#onNetwork, networkId, key);
    if (record.abandoned) addTo(this.#abandoned, record.containerId, key);
    if (record.joins === undefined) this.#owners.set(record.sandboxId, key);
    else addTo(this.#joiners, record.joins, key);
  }

  #forget(key: string): void {
    const record = this.#records.get(key);
    if (!record) return;
    this.#records.delete(key);
    for (const { networkId } of record.endpoints) removeFrom(this.#onNetwork, networkId, key);
    if (record.abandoned) removeFrom(this.#abandoned, record.containerId, key);
    if (record.joins !== undefined) removeFrom(this.#joiners, record.joins, key);
    else if (this.#owners.get(record.sandboxId) === key) this.#owners.delete(record.sandboxId);
  }
}

function addTo(index: Map<string, Set<string>>, at: string, key: string): void {
  const keys = index.get(at);
  if (keys) keys.add(key);
  else index.set(at, new Set([key]));
}

function removeFrom(index: Map<string, Set<string>>, at: string, key: string): void {
  const keys = index.get(at);
  keys?.delete(key);
  if (keys?.size === 0) index.delete(at);
}
