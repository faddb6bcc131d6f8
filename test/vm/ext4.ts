import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';

/** `size` is the most that it can hold; the file is sparse. */
export async function makeExt4(directory: string, image: string, size: string): Promise<void> {
  await rm(image, { force: true });
  await promisify(execFile)('mke2fs', ['-q', '-t', 'ext4', '-m', '0', '-d', directory, image, size]);
}
