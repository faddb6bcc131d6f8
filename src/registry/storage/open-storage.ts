import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DiskStorage } from './disk.ts';
import type { S3Options } from './s3-bucket.ts';
import type { Storage } from './storage.ts';

/** In an object store where one is named, else below `root`; what is arriving is below `root` in any case. */
export async function openStorage(root: string, s3: S3Options | undefined): Promise<Storage> {
  await mkdir(root, { recursive: true, mode: 0o700 });
  if (!s3) return DiskStorage.open(root);
  await rm(join(root, 'tmp'), { recursive: true, force: true });
  await mkdir(join(root, 'tmp'), { mode: 0o700 });
  // The SDK is large: whoever keeps all on the disk does without.
  const { S3Storage } = await import('./s3.ts');
  return S3Storage.open(s3);
}
