import type { Extract } from 'tar-stream';

/** Writes an archive to who takes its entries, no faster than they are taken; what fails ends both. */
export async function feed(tar: AsyncIterable<Uint8Array>, archive: Extract): Promise<void> {
  try {
    for await (const chunk of tar) {
      if (!archive.write(chunk)) await new Promise<void>((resolve) => archive.once('drain', () => resolve()));
    }
    archive.end(null);
  } catch (error) {
    archive.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
}
