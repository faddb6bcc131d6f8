import { EventEmitter } from 'node:events';
import { mkdirSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { conflict, invalid, notFound } from '#lib/errors';
import { newId } from '#lib/ids';
import { now } from '#lib/time';
import type { Database, Records } from '#store';
import { BuildLogWriter, readBuildLog } from './log-file.ts';
import { NotedBuild } from './noted-build.ts';
import type { BuildLogEntry, BuildRecord } from './record.ts';

/** Builds that are kept: older ones go. */
const MOST = 100;

/** It becomes the name of a file. */
const ID = /^[a-z0-9]{20,64}$/;

export type BuildDescription = Omit<BuildRecord, 'id' | 'status' | 'created' | 'steps' | 'warnings'>;

export type HistoryChange = 'began' | 'ended' | 'forgotten';

/** What was built here, how it ended, and what it said: the last hundred builds, over restarts. */
export class BuildHistory {
  readonly #root: string;
  readonly #table: Records<BuildRecord>;
  readonly #records = new Map<string, BuildRecord>();
  readonly #changes = new EventEmitter().setMaxListeners(0);

  private constructor(root: string, table: Records<BuildRecord>) {
    this.#root = root;
    this.#table = table;
  }

  /** Builds that the last life of the engine did not end are noted as interrupted. */
  static async open(root: string, database: Database): Promise<BuildHistory> {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    const history = new BuildHistory(root, database.records<BuildRecord>('build_history'));
    for (const { id, record } of history.#table.all()) {
      if (record.status === 'running') history.#put({ ...record, status: 'interrupted', completed: now() });
      else history.#records.set(id, record);
    }
    for (const name of await readdir(root))
      if (!history.#records.has(name.replace(/\.log$/, ''))) await rm(join(root, name), { force: true });
    return history;
  }

  /** `wanted`: the id that its client chose, when it can be one here. */
  begin(description: BuildDescription, wanted = ''): NotedBuild {
    const id = ID.test(wanted) && !this.#records.has(wanted) ? wanted : newId().slice(0, 25);
    const steps = { total: 0, completed: 0, cached: 0 };
    const record: BuildRecord = {
      id,
      status: 'running',
      created: now(),
      steps,
      warnings: [],
      ...description,
    };
    const noted = new NotedBuild(record, new BuildLogWriter(this.#path(id)), (changed) => this.#put(changed));
    this.#forgetOldest();
    return noted;
  }

  /** The latest first. */
  list(): BuildRecord[] {
    return [...this.#records.values()].reverse();
  }

  /** By id, the beginning of one, or `^1` for the one before the last; '': the last. @throws notFound, invalid */
  get(reference: string): BuildRecord {
    const [, back] = /^\^(\d+)$/.exec(reference) ?? [];
    if (reference === '' || back !== undefined) {
      const found = this.list()[Number(back ?? 0)];
      if (!found)
        throw notFound(`No such build: ${this.#records.size > 0 ? reference : 'nothing was built yet'}`);
      return found;
    }
    const matches = this.list().filter(({ id }) => id.startsWith(reference));
    const [only, another] = matches;
    if (!only) throw notFound(`No such build: ${reference}`);
    if (another) throw invalid(`build ${reference} is ambiguous: ${matches.length} ids begin so`);
    return only;
  }

  /** What it said, so far. @throws notFound */
  log(reference: string): AsyncGenerator<BuildLogEntry, void> {
    return readBuildLog(this.#path(this.get(reference).id));
  }

  /** @throws notFound, conflict while it goes on */
  async remove(reference: string): Promise<string> {
    const { id, status } = this.get(reference);
    if (status === 'running') throw conflict(`build ${id} is under way: it cannot be removed`);
    this.#forget(id);
    await rm(this.#path(id), { force: true });
    return id;
  }

  /** Calls back for each build that begins, ends or is forgotten. */
  onChange(listener: (change: HistoryChange, record: BuildRecord) => void): Disposable {
    this.#changes.on('change', listener);
    return { [Symbol.dispose]: () => void this.#changes.off('change', listener) };
  }

  #put(record: BuildRecord): void {
    this.#records.set(record.id, record);
    this.#table.put(record.id, record);
    this.#changes.emit('change', record.status === 'running' ? 'began' : 'ended', record);
  }

  #forgetOldest(): void {
    const ended = [...this.#records.values()].filter(({ status }) => status !== 'running');
    for (const { id } of ended.slice(0, Math.max(0, this.#records.size - MOST))) {
      this.#forget(id);
      // What stays is removed at the next start.
      rm(this.#path(id), { force: true }).catch(() => {});
    }
  }

  #forget(id: string): void {
    const record = this.#records.get(id);
    this.#records.delete(id);
    this.#table.delete(id);
    if (record) this.#changes.emit('change', 'forgotten', record);
  }

  #path(id: string): string {
    return join(this.#root, `${id}.log`);
  }
}
