import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { newId } from '#lib/ids';

/** A file without a name: whatever happens to the process, it is gone with it. */
export async function spool(directory: string, content: Readable): Promise<FileHandle> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, newId());
  const file = await open(path, 'wx+', 0o600);
  try {
    await unlink(path);
    for await (const chunk of content) await file.write(chunk);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}
