import { closeSync, constants, createReadStream, createWriteStream, openSync, writeSync } from 'node:fs';
import { rename, rm, stat, utimes } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import { codeOf } from '#lib/errors';
import type { LogLimits } from './limits.ts';
import { inodeOf, listFiles, listSegments, type SegmentName } from './segments.ts';
import { type Delivery, undeliveredFiles, withinBudget } from './undelivered.ts';

const REOPEN_PATIENCE_MS = 5_000;

/**
 * Moves a log's files up by one, the live one becomes `<path>.1`, and has conmon begin a new one.
 * Every step leaves names that `listSegments` understands: a crash in between loses nothing.
 * Files that are still to be delivered stay plain, and beyond their number as far as the limits say.
 */
export async function rotateLog(
  path: string,
  control: string,
  limits: LogLimits,
  delivery?: Delivery,
): Promise<void> {
  const files = await listFiles(path);
  const undelivered = delivery ? await undeliveredFiles(files, delivery) : [];
  const kept = new Set(await withinBudget(undelivered, limits.undelivered));
  const stays = (file: SegmentName, number: number) => number < limits.maxFiles || kept.has(file);
  for (const file of files.filter(({ age }) => age > 0).sort((a, b) => b.age - a.age)) {
    if (file.temporary || !stays(file, file.age + 1)) await rm(file.path, { force: true });
    else await rename(file.path, `${path}.${file.age + 1}${file.compressed ? '.gz' : ''}`);
  }
  await rename(path, `${path}.1`);
  // Until conmon has the new file it writes to the old one, which must be neither removed nor compressed.
  if (!reopenLog(control) || !(await appears(path))) return;
  const live = files.find(({ age }) => age === 0);
  if (live && !stays(live, 1)) await rm(`${path}.1`, { force: true });
  else if (limits.compress) await compressDelivered(path, new Set(undelivered.map(({ age }) => age + 1)));
}

async function compressDelivered(path: string, undelivered: ReadonlySet<number>): Promise<void> {
  for (const file of await listSegments(path))
    if (file.age > 0 && !file.compressed && !undelivered.has(file.age)) await compressFile(file.path);
}

/** Tells conmon to open its log by name again; false when there is no conmon. */
export function reopenLog(control: string): boolean {
  let fd: number;
  try {
    fd = openSync(control, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENXIO' || code === 'ENOENT') return false;
    throw error;
  }
  try {
    writeSync(fd, '2 0 0\n');
  } finally {
    closeSync(fd);
  }
  return true;
}

async function appears(path: string): Promise<boolean> {
  const deadline = performance.now() + REOPEN_PATIENCE_MS;
  for (let wait = 1; performance.now() < deadline; wait = Math.min(wait * 2, 100)) {
    if ((await inodeOf(path)) !== undefined) return true;
    await sleep(wait);
  }
  return false;
}

async function compressFile(path: string): Promise<void> {
  const temporary = `${path}.gz.tmp`;
  try {
    const { mtimeMs, mode } = await stat(path);
    await pipeline(
      createReadStream(path),
      createGzip({ level: 1 }),
      createWriteStream(temporary, { mode: mode & 0o777 }),
    );
    // Readers pass over a file that is older than what they look for: never make it look older.
    const modified = (Math.ceil(mtimeMs) + 1) / 1000;
    await utimes(temporary, modified, modified);
    await rename(temporary, `${path}.gz`);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await rm(path, { force: true });
}
