import { codeOf } from '#lib/errors';
import type { Database } from './database.ts';

/** Synchronous (tens of microseconds). A unique clash throws BerthError kind `conflict`. */
export interface Records<T extends object> {
  get(id: string): T | undefined;
  put(id: string, record: T): void;
  delete(id: string): boolean;
  /** In order of insertion. */
  all(): { id: string; record: T }[];
}

export function openRecords<T extends object>(
  database: Database,
  table: string,
  unique: Readonly<Record<string, string>>,
): Records<T> {
  database.run(
    `CREATE TABLE IF NOT EXISTS "${table}" (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, record TEXT NOT NULL)`,
  );
  for (const [name, path] of Object.entries(unique)) {
    database.run(
      `CREATE UNIQUE INDEX IF NOT EXISTS "${table}_${name}" ON "${table}" (json_extract(record, '${path}'))`,
    );
  }
  const select = `SELECT record FROM "${table}" WHERE id = ?`;
  const upsert = `INSERT INTO "${table}" (id, record) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record`;
  return {
    get(id) {
      const [row] = database.query(select, id);
      return row && decode<T>(row.record, table, id);
    },
    put: (id, record) => void database.run(upsert, id, JSON.stringify(record)),
    delete: (id) => database.run(`DELETE FROM "${table}" WHERE id = ?`, id) > 0,
    all: () =>
      database
        .query(`SELECT id, record FROM "${table}" ORDER BY seq`)
        .map((row) => ({ id: String(row.id), record: decode<T>(row.record, table, String(row.id)) })),
  };
}

/** Only this folder writes these tables: a row that is no JSON is a damaged file, not input to be validated. */
export function decode<T>(text: unknown, table: string, id: string): T {
  try {
    return JSON.parse(String(text)) as T;
  } catch (error) {
    throw new Error(`the database is damaged: ${table} ${id} (${codeOf(error) ?? 'not JSON'})`, {
      cause: error,
    });
  }
}
