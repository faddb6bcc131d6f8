import type { Database } from './database.ts';
import { decode } from './records.ts';

/** Old ones go in company: each removal dirties pages that nothing else does. */
const TRIM_EVERY = 64;

/** The last so many documents of a kind, oldest first. */
export interface Journal<T extends object> {
  append(entry: T): void;
  all(): T[];
}

export function openJournal<T extends object>(database: Database, table: string, limit: number): Journal<T> {
  database.run(`CREATE TABLE IF NOT EXISTS "${table}" (seq INTEGER PRIMARY KEY, entry TEXT NOT NULL)`);
  const insert = `INSERT INTO "${table}" (entry) VALUES (?)`;
  let appended = 0;
  const trim = `DELETE FROM "${table}" WHERE seq <= (SELECT max(seq) FROM "${table}") - ?`;
  return {
    append(entry) {
      database.run(insert, JSON.stringify(entry));
      if (appended++ % TRIM_EVERY === 0) database.run(trim, limit);
    },
    all: () =>
      database
        .query(
          `SELECT * FROM (SELECT seq, entry FROM "${table}" ORDER BY seq DESC LIMIT ?) ORDER BY seq`,
          limit,
        )
        .map((row) => decode<T>(row.entry, table, String(row.seq))),
  };
}
