import type { Events } from '#engine/events';
import { conflict, invalid, notFound } from '#lib/errors';
import type { Database, Records } from '#store';
import type { KnownNames } from './known-names.ts';
import type { ContainerRecord } from './record.ts';

/** An event to publish with a change: Docker's action, and attributes beside image, name and labels. */
export interface Announcement {
  readonly action: string;
  readonly attributes?: Readonly<Record<string, string>>;
}
/** Anonymous volumes that no record owns: of a create or a remove that has not ended. */
interface LooseVolumes {
  readonly names: readonly string[];
}

/**
 * The records, in memory and in the database. Every change is one transaction together with its
 * events; memory follows only once that stands.
 */
export class ContainerStore {
  readonly #database: Database;
  readonly #events: Events;
  readonly #names: Pick<KnownNames, 'changed' | 'gone'>;
  readonly #rows: Records<ContainerRecord>;
  readonly #looseVolumes: Records<LooseVolumes>;
  readonly #byId = new Map<string, ContainerRecord>();
  /** Names in use and names that a create or rename under way has taken. */
  readonly #idByName = new Map<string, string>();

  constructor(database: Database, events: Events, names: Pick<KnownNames, 'changed' | 'gone'>) {
    this.#database = database;
    this.#events = events;
    this.#names = names;
    this.#rows = database.records<ContainerRecord>('containers', { unique: { name: '$.name' } });
    this.#looseVolumes = database.records<LooseVolumes>('container_loose_volumes');
    for (const { record } of this.#rows.all()) {
      this.#byId.set(record.id, { ...record, execIds: [] });
      this.#idByName.set(record.name, record.id);
      names.changed(undefined, record);
    }
  }

  byId(id: string): ContainerRecord | undefined {
    return this.#byId.get(id);
  }

  /**
   * By id, name (with or without its slash) or unambiguous id prefix.
   * @throws notFound, invalid when several ids begin so
   */
  get(reference: string): ContainerRecord {
    const byId = this.#byId.get(reference);
    if (byId) return byId;
    const name = reference.startsWith('/') ? reference.slice(1) : reference;
    // A reserved name has no record yet: such a container does not exist.
    const byName = this.#byId.get(this.#idByName.get(name) ?? '');
    if (byName) return byName;
    if (reference === '') throw invalid('invalid name or ID supplied: ""');
    if (!/^[0-9a-f]+$/.test(reference)) throw notFound(`No such container: ${reference}`);
    const matches: ContainerRecord[] = [];
    for (const [id, record] of this.#byId) if (id.startsWith(reference)) matches.push(record);
    if (matches.length > 1) throw invalid(`Multiple IDs found with provided prefix: ${reference}`);
    if (matches[0] === undefined) throw notFound(`No such container: ${reference}`);
    return matches[0];
  }

  /** Oldest first. */
  all(): ContainerRecord[] {
    return [...this.#byId.values()];
  }

  hasName(name: string): boolean {
    return this.#idByName.has(name);
  }

  /**
   * Takes a name before its record is written; disposing gives it back unless the record came to have it.
   * @throws conflict naming the owner
   */
  reserve(name: string, id: string): Disposable {
    const owner = this.#idByName.get(name);
    if (owner !== undefined) {
      throw conflict(
        `Conflict. The container name "/${name}" is already in use by container "${owner}". You have to remove (or rename) that container to be able to reuse that name.`,
      );
    }
    this.#idByName.set(name, id);
    return {
      [Symbol.dispose]: () => {
        if (this.#byId.get(id)?.name !== name) this.#idByName.delete(name);
      },
    };
  }

  /** Writes the record and its events as one transaction. */
  save(record: ContainerRecord, ...announcements: readonly Announcement[]): ContainerRecord {
    this.#database.transaction(() => {
      this.#rows.put(record.id, record);
      this.announce(record, ...announcements);
    });
    return this.remember(record);
  }

  /**
   * `save` for what has happened whether or not it can be written: with a full disk memory alone has it, and
   * the next engine finds out by itself. Returns the error, if any.
   */
  saveFact(record: ContainerRecord, ...announcements: readonly Announcement[]): unknown {
    try {
      this.save(record, ...announcements);
      return undefined;
    } catch (error) {
      this.remember(record);
      return error;
    }
  }

  /** Changes what lives only as long as the daemon: exec ids, a removal under way. */
  remember(record: ContainerRecord): ContainerRecord {
    const before = this.#byId.get(record.id);
    if (before && before.name !== record.name) this.#idByName.delete(before.name);
    this.#idByName.set(record.name, record.id);
    this.#byId.set(record.id, record);
    this.#names.changed(before, record);
    return record;
  }

  announce(record: ContainerRecord, ...announcements: readonly Announcement[]): void {
    for (const announcement of announcements) this.#publish(record, announcement);
  }

  /** The first record of a container; from now on it owns its anonymous volumes. */
  insert(record: ContainerRecord): void {
    this.#database.transaction(() => {
      this.#rows.put(record.id, record);
      this.#looseVolumes.delete(record.id);
      this.#publish(record, { action: 'create' });
    });
    this.remember(record);
  }

  /** Forgets a container. What is in `volumes` is noted as ownerless until `settleVolumes`. */
  delete(record: ContainerRecord, volumes: readonly string[]): void {
    this.#database.transaction(() => {
      this.#rows.delete(record.id);
      if (volumes.length > 0) this.#looseVolumes.put(record.id, { names: volumes });
      this.#publish(record, { action: 'destroy' });
    });
    this.#byId.delete(record.id);
    this.#idByName.delete(record.name);
    this.#names.gone(record);
  }

  /** Notes anonymous volumes before they are made, so that a crash does not leave them behind. */
  noteVolumes(id: string, names: readonly string[]): void {
    if (names.length > 0) this.#looseVolumes.put(id, { names });
  }

  settleVolumes(id: string): void {
    this.#looseVolumes.delete(id);
  }

  looseVolumes(): { id: string; names: readonly string[] }[] {
    return this.#looseVolumes.all().map(({ id, record }) => ({ id, names: record.names }));
  }

  #publish(record: ContainerRecord, announcement: Announcement): void {
    if (record.purpose === 'build') return;
    this.#events.publish('container', announcement.action, record.id, {
      ...record.config.labels,
      image: record.config.image,
      name: record.name,
      ...announcement.attributes,
    });
  }
}
