import { open } from 'node:fs/promises';
import { syncfs } from '../ffi/files.ts';

/** syncfs(2) of the file system that `path` lies on, in the thread pool. @throws SystemError */
export async function syncFs(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await syncfs.async(handle.fd);
  } finally {
    await handle.close();
  }
}
