import { rm } from 'node:fs/promises';
import { listFiles } from './segments.ts';

/** Removes a log with its rotated files; missing is fine. */
export async function removeLogs(path: string): Promise<void> {
  await Promise.all((await listFiles(path)).map((file) => rm(file.path, { force: true })));
}
