import type { Database } from './database.ts';
import { decode } from './records.ts';

/** The last so many documents of a kind, oldest first. */
export interface Journal<T extends object> {
  append(entry: T): void;
  all(): T[];
}

export function openJournal<T extends object>(database: Database, table: string, limit: number): Journal<T> {
  database.run(
    `CREATE TABLE IF NOT EXISTS "${table}" (seq INTEGER PRIMARY KEY AUTOINCREMENT, entry TEXT NOT NULL)`,
  );
  const insert = `INSERT INTO "${table}" (entry) VALUES (?)`;
  const trim = `DELETE FROM "${table}" WHERE seq <= (SELECT max(seq) FROM "${table}") - ?`;
  return {
    append(entry) {
      database.run(insert, JSON.stringify(entry));
      database.run(trim, limit);
    },
    all: () =>
      database
        .query(`SELECT seq, entry FROM "${table}" ORDER BY seq`)
        .map((row) => decode<T>(row.entry, table, String(row.seq))),
  };
}
