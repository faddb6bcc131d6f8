import { chmodSync, closeSync, openSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { codeOf, conflict, systemError } from '#lib/errors';
import { type Journal, openJournal } from './journal.ts';
import { openRecords, type Records } from './records.ts';
import { dropBallast, reserveSpace } from './reserve.ts';

/** Version of the tables' form, kept in SQLite's user_version. Raise it together with a step in `#migrate`. */
const SCHEMA = 1;
const SQLITE_CONSTRAINT_UNIQUE = 2067;
const SQLITE_FULL = 13;

/** The engine's SQLite database (node:sqlite, WAL, synchronous=NORMAL, one connection). */
export class Database implements Disposable {
  readonly #connection: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #depth = 0;
  #committed: (() => void)[] = [];

  private constructor(connection: DatabaseSync) {
    this.#connection = connection;
  }

  /** Opens or creates `path` (0600); `:memory:` for tests. Refuses a file from a newer Berth by name. */
  static open(path: string): Database {
    const isFile = path !== ':memory:';
    if (isFile) {
      dropBallast(path);
      createPrivate(path);
    }
    const connection = new DatabaseSync(path, { timeout: 5000 });
    try {
      connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON');
      migrate(connection, path);
      if (isFile) reserveSpace(connection, path);
    } catch (error) {
      connection.close();
      throw error;
    }
    return new Database(connection);
  }

  /**
   * One SQLite transaction; nested calls join the outer one. Rolls back what `work` did when it throws:
   * of a nested call, only that call's part.
   */
  transaction<T>(work: () => T): T {
    const [begin, commit, rollback] =
      this.#depth === 0
        ? ['BEGIN IMMEDIATE', 'COMMIT', 'ROLLBACK']
        : ['SAVEPOINT nested', 'RELEASE nested', 'ROLLBACK TO nested; RELEASE nested'];
    const announced = this.#committed.length;
    this.#prepare(begin).run();
    this.#depth++;
    let result: T;
    try {
      result = work();
      if (result instanceof Promise)
        throw new TypeError('a transaction cannot wait: its work returned a promise');
      this.#prepare(commit).run();
    } catch (error) {
      this.#committed.length = announced;
      // SQLite has rolled back by itself after some failures (a full disk); then there is nothing to undo.
      if (this.#connection.isTransaction) this.#connection.exec(rollback);
      throw translate(error);
    } finally {
      this.#depth--;
    }
    if (this.#depth === 0) this.#announce();
    return result;
  }

  /** Runs `work` once the transaction in progress has been committed, never if it is rolled back; at once when there is none. */
  afterCommit(work: () => void): void {
    if (this.#depth === 0) work();
    else this.#committed.push(work);
  }

  /** A table of JSON documents by id, made on first use. `unique` maps index names to JSON paths, e.g. `{ name: '$.name' }`. */
  records<T extends object>(
    name: string,
    options: { unique?: Readonly<Record<string, string>> } = {},
  ): Records<T> {
    return openRecords<T>(this, identifier(name), options.unique ?? {});
  }

  /** A table of JSON documents in order of insertion that keeps the last `limit`, made on first use. */
  journal<T extends object>(name: string, limit: number): Journal<T> {
    return openJournal<T>(this, identifier(name), limit);
  }

  /** For the tables of this folder. @throws conflict on a unique clash */
  run(sql: string, ...parameters: (string | number)[]): number {
    try {
      return Number(this.#prepare(sql).run(...parameters).changes);
    } catch (error) {
      throw translate(error);
    }
  }

  /** For the tables of this folder. */
  query(sql: string, ...parameters: (string | number)[]): Record<string, unknown>[] {
    return this.#prepare(sql).all(...parameters);
  }

  [Symbol.dispose](): void {
    this.#statements.clear();
    if (this.#connection.isOpen) this.#connection.close();
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#connection.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #announce(): void {
    const committed = this.#committed;
    this.#committed = [];
    for (const work of committed) work();
  }
}

/** SQLite creates files with the process's umask; its side files take the mode of the main one. */
function createPrivate(path: string): void {
  closeSync(openSync(path, 'a', 0o600));
  chmodSync(path, 0o600);
}

function migrate(connection: DatabaseSync, path: string): void {
  const found = Number(connection.prepare('PRAGMA user_version').get()?.user_version ?? 0);
  if (found > SCHEMA) {
    throw conflict(
      `${path} was written by a newer Berth (schema ${found}; this one knows ${SCHEMA}): use that version, or another --data-root`,
    );
  }
  if (found < SCHEMA) connection.exec(`PRAGMA user_version = ${SCHEMA}`);
}

function identifier(name: string): string {
  if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new TypeError(`not a table name: ${name}`);
  return name;
}

function translate(error: unknown): unknown {
  if (codeOf(error) !== 'ERR_SQLITE_ERROR' || !(error instanceof Error) || !('errcode' in error))
    return error;
  if (error.errcode === SQLITE_CONSTRAINT_UNIQUE) return conflict(error.message, error);
  if (error.errcode === SQLITE_FULL)
    return systemError(
      'no space left on device for the database: remove images or containers, then try again',
      error,
    );
  return systemError(`database: ${error.message}`, error);
}
