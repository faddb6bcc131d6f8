import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';

/*
 * A full disk is emptied by removing things, and every removal has to be recorded: the database must not need
 * space for that which it does not have already.
 */

/** SQLite begins its write-ahead log anew after 1000 pages of 4 KiB (wal_autocheckpoint). */
const LOG_SIZE = 1100 * 4096;
/**
 * The page cache keeps what is written at once in one folio, and ext4 walks all blocks of a folio for each
 * page that is written to it later: with the log in one piece a commit takes five times as long.
 */
const LOG_PIECE = 64 << 10;
/** Unused pages inside the database file, which records take before the file grows. */
const FREE_PAGES = 256;
const PAGE_SIZE = 4096;
/** What an engine needs to start with: SQLite's shared memory file, for one. */
const BALLAST_SIZE = 2 << 20;
/** Bytes left on the disk under which the ballast is dropped, and over which space is set aside. */
const LOW = 512 << 10;
const PLENTY = 16 << 20;

/** To be called before the database is opened: drops the ballast when there is no other space. */
export function dropBallast(path: string): void {
  if (freeBytes(path) < LOW) rmSync(ballastOf(path), { force: true });
}

/** Sets space aside where there is plenty: in the database, in its log, and for the next start. */
export function reserveSpace(connection: DatabaseSync, path: string): void {
  if (freeBytes(path) < PLENTY) return;
  const { freelist_count: free = 0 } = connection.prepare('PRAGMA freelist_count').get() ?? {};
  if (Number(free) < FREE_PAGES) {
    // Not in one transaction: pages that it makes and drops are never written. Only the checkpoint brings them
    // into the file itself.
    connection.exec(
      `CREATE TABLE IF NOT EXISTS reserve (space); INSERT INTO reserve VALUES (zeroblob(${FREE_PAGES * PAGE_SIZE})); DROP TABLE reserve; PRAGMA wal_checkpoint(RESTART)`,
    );
  }
  extendLog(`${path}-wal`);
  if (!existsSync(ballastOf(path)))
    writeFileSync(ballastOf(path), Buffer.alloc(BALLAST_SIZE), { mode: 0o600 });
}

const ballastOf = (path: string): string => join(dirname(path), 'ballast');

/**
 * SQLite keeps its log at the size that it once had. What follows its valid frames is ignored, as frames of
 * earlier rounds are (fileformat2.html, "WAL File Format"): zeros are no frame.
 */
function extendLog(path: string): void {
  const log = openSync(path, 'r+');
  try {
    const piece = Buffer.alloc(LOG_PIECE);
    for (let { size } = fstatSync(log); size < LOG_SIZE; size += LOG_PIECE)
      writeSync(log, piece, 0, LOG_PIECE, size);
  } finally {
    closeSync(log);
  }
}

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(dirname(path));
  return bavail * bsize;
}
